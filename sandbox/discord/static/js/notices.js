/** Short words about what just happened; gone by themselves. */

import { el, icon } from './dom.js';

const SHOWN_FOR = 6000;

/** @param {HTMLElement} home a live region @param {string} text */
export function notice(home, text) {
  const close = el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close' }, icon('close'));
  const node = el('div', { class: 'notice' }, el('span', {}, text), close);
  close.addEventListener('click', () => node.remove());
  home.appendChild(node);
  setTimeout(() => node.remove(), SHOWN_FOR);
}
