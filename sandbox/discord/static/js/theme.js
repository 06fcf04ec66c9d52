/** Dark or light: the system's wish, until a person chooses. */

import { el, icon, recall, remember, replace } from './dom.js';

const WISH = matchMedia('(prefers-color-scheme: light)');

/** @returns {'light' | 'dark'} */
function current() {
  const chosen = recall('theme');
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return WISH.matches ? 'light' : 'dark';
}

/** @returns {HTMLElement} the toggle */
export function themeToggle() {
  const node = el('button', { type: 'button', class: 'icon-button' });
  const draw = () => {
    const theme = current();
    document.documentElement.dataset.theme = theme;
    const label = theme === 'dark' ? 'Switch to light' : 'Switch to dark';
    node.setAttribute('aria-label', label);
    node.setAttribute('title', label);
    replace(node, icon(theme === 'dark' ? 'sun' : 'moon'));
  };
  node.addEventListener('click', () => {
    remember('theme', current() === 'dark' ? 'light' : 'dark');
    draw();
  });
  WISH.addEventListener('change', draw);
  draw();
  return node;
}
