/** Panels the demo registers: things to try, beside the conversation. */

import { el, icon, replace } from './dom.js';
import { anchor } from './markdown_view.js';

/** @param {HTMLElement} home @param {any[]} panels @param {import('./room.js').Room} room */
export function drawPanels(home, panels, room) {
  replace(
    home,
    el('header', { class: 'panels-head' },
      el('h2', {}, 'Try it'),
      el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close the panels', on: { click: () => room.togglePanels(false) } }, icon('close'))),
    panels.map((panel) => panelView(panel, room)),
  );
}

/** @param {any} panel @param {import('./room.js').Room} room */
function panelView(panel, room) {
  const names = room.names(room.place?.channel ?? '');
  return el(
    'section',
    { class: 'panel', 'aria-label': panel.title },
    el('h3', {}, panel.title),
    panel.buttons.length ? el('ul', { class: 'panel-buttons' }, panel.buttons.map((/** @type {any} */ button) => el('li', {}, buttonView(panel, button, room)))) : null,
    panel.links.length ? el('ul', { class: 'panel-links' }, panel.links.map((/** @type {any} */ link) => el('li', {}, icon('out'), anchor(link.url, link.label, names)))) : null,
  );
}

/** @param {any} panel @param {any} button @param {import('./room.js').Room} room */
function buttonView(panel, button, room) {
  const node = el('button', { type: 'button', class: 'panel-button', 'aria-label': button.label, 'aria-description': button.description || null },
    el('span', { class: 'panel-icon' }, icon('bolt')),
    el('span', {}, el('b', {}, button.label), button.description ? el('span', { class: 'faint' }, button.description) : null));
  node.addEventListener('click', async () => {
    if (node.getAttribute('aria-busy') === 'true') return;
    node.setAttribute('aria-busy', 'true');
    const answer = await room.attempt(room.api.pressPanel(panel.id, button.id));
    if (answer) room.say(answer.said ?? `${button.label}: done`);
    node.removeAttribute('aria-busy');
  });
  return node;
}
