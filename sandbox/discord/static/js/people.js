/** Who the page acts for, and the switch between people with different roles. */

import { el, icon, replace } from './dom.js';
import { avatar } from './avatar.js';
import { Listbox } from './popup.js';

/** @param {HTMLElement} home @param {import('./room.js').Room} room */
export function drawPeople(home, room) {
  const me = room.world.people.find((/** @type {any} */ person) => person.username === room.api.person);
  const button = el(
    'button',
    { type: 'button', class: 'person-switch', role: 'combobox', 'aria-haspopup': 'listbox', 'aria-expanded': false, 'aria-label': `Acting as ${me.name}, ${me.roles.join(', ') || 'no role'}. Switch person` },
    avatar(me),
    el('span', { class: 'person-text' }, el('b', { class: 'clip' }, me.name), el('span', { class: 'faint clip' }, me.roles.join(', ') || 'no role')),
    icon('down'),
  );
  const list = new Listbox({
    label: 'Act as',
    onChoose: (item) => {
      list.hide();
      button.focus();
      if (item.value !== room.api.person) room.become(item.value);
    },
  });
  const open = () => {
    const items = room.world.people.map((/** @type {any} */ person) => ({
      value: person.username,
      label: person.name,
      description: person.roles.join(', ') || 'no role',
      mark: avatar(person, 'small'),
      selected: person.username === room.api.person,
    }));
    list.show(button, button, items, items.findIndex((/** @type {any} */ item) => item.selected));
  };
  button.addEventListener('click', () => (list.isOpen ? list.hide() : open()));
  button.addEventListener('blur', () => list.hide());
  button.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (list.key(event)) return;
    if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      event.preventDefault();
      open();
    }
  });
  replace(home, el('span', { class: 'person-caption' }, 'Acting as'), button);
}
