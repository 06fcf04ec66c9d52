/** Select menus: strings, people, roles, channels; one or several. */

import { el, icon, replace, spoken } from './dom.js';
import { avatar } from './avatar.js';
import { hex } from './markdown_view.js';
import { Listbox } from './popup.js';
import { CATEGORY, shownName } from './world.js';

const STRING = 3;
const USER = 5;
const ROLE = 6;
const MENTIONABLE = 7;
const CHANNEL = 8;
const PLACEHOLDERS = { [USER]: 'Choose a person', [ROLE]: 'Choose a role', [MENTIONABLE]: 'Choose a person or role', [CHANNEL]: 'Choose a channel' };

/**
 * @typedef {import('./popup.js').Item} Item
 * @typedef {{world: import('./world.js').World, guild: any, onChange: (values: string[]) => void, labelledBy?: string}} Setting
 */

/**
 * A button that opens a listbox. Its values are in `dataset.values` (JSON), for forms.
 * @param {any} component Discord's select object
 * @param {Setting} setting
 * @returns {HTMLElement}
 */
export function selectView(component, setting) {
  const most = component.max_values ?? 1;
  const least = component.min_values ?? 1;
  const placeholder = component.placeholder || /** @type {Record<number, string>} */ (PLACEHOLDERS)[component.type] || 'Make a choice';
  const chosen = new Set(initial(component));
  const node = el('button', {
    type: 'button',
    class: 'select',
    role: 'combobox',
    'aria-haspopup': 'listbox',
    'aria-expanded': false,
    'aria-label': setting.labelledBy ? null : placeholder,
    'aria-labelledby': setting.labelledBy,
    disabled: Boolean(component.disabled),
    data: { key: component.custom_id },
  });
  const items = () => optionsOf(component, setting).map((item) => ({ ...item, selected: chosen.has(item.value) }));
  const list = new Listbox({ label: placeholder, multiple: most > 1, onChoose: (item) => choose(item) });
  const draw = () => drawButton(node, items().filter((item) => item.selected), placeholder);
  const settle = () => {
    list.hide();
    draw();
    setting.onChange([...chosen]);
  };
  /** @param {Item} item */
  const choose = (item) => {
    if (most === 1) {
      chosen.clear();
      chosen.add(item.value);
      settle();
      return;
    }
    if (chosen.has(item.value)) chosen.delete(item.value);
    else if (chosen.size < most) chosen.add(item.value);
    list.show(node, node, items(), list.active);
    draw();
  };
  /** Several values are sent when the list closes, as Discord does. */
  const close = () => {
    if (!list.isOpen) return;
    if (most > 1 && chosen.size >= least && changed(component, chosen)) settle();
    else list.hide();
  };
  let typed = '';
  node.addEventListener('click', () => (list.isOpen ? close() : list.show(node, node, items(), Math.max(0, items().findIndex((item) => item.selected)))));
  node.addEventListener('blur', close);
  node.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (most > 1 && list.isOpen && (event.key === 'Tab' || event.key === 'Escape')) {
      close();
      if (event.key === 'Escape') event.preventDefault();
    } else if (list.isOpen && event.key === ' ' && list.activeItem) {
      event.preventDefault();
      choose(list.activeItem);
    } else if (list.key(event)) {
      typed = '';
    } else if (!list.isOpen && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
      event.preventDefault();
      list.show(node, node, items());
    } else if (list.isOpen && event.key.length === 1) {
      typed += event.key.toLowerCase();
      const at = items().findIndex((item) => item.label.toLowerCase().startsWith(typed));
      if (at >= 0) list.show(node, node, items(), at);
      else typed = '';
    }
  });
  node.dataset.values = JSON.stringify([...chosen]);
  draw();
  return node;

  /** @param {HTMLElement} button @param {Item[]} picked @param {string} hint */
  function drawButton(button, picked, hint) {
    button.dataset.values = JSON.stringify([...chosen]);
    const text = picked.map((item) => item.label).join(', ');
    replace(button, el('span', { class: text ? 'select-text' : 'select-text faint' }, text || hint), icon('down'));
    if (text && !setting.labelledBy) button.setAttribute('aria-label', `${hint}: ${text}`);
    if (text && setting.labelledBy) button.appendChild(spoken(text));
  }
}

/** @param {any} component @param {Set<string>} chosen */
function changed(component, chosen) {
  const before = initial(component);
  return before.length !== chosen.size || before.some((value) => !chosen.has(value));
}

/** @param {any} component @returns {string[]} */
function initial(component) {
  if (component.type !== STRING) return (component.default_values ?? []).map((/** @type {any} */ each) => each.id);
  return component.options.filter((/** @type {any} */ option) => option.default).map((/** @type {any} */ option) => option.value);
}

/** @param {any} component @param {Setting} setting @returns {Item[]} */
function optionsOf(component, { world, guild }) {
  if (component.type === STRING) {
    return component.options.map((/** @type {any} */ option) => ({
      value: option.value,
      label: option.label,
      description: option.description ?? undefined,
      mark: option.emoji ? el('span', { class: 'emoji' }, option.emoji.id ? `:${option.emoji.name}:` : option.emoji.name) : null,
    }));
  }
  const people = component.type === USER || component.type === MENTIONABLE ? peopleOf(guild) : [];
  const roles = component.type === ROLE || component.type === MENTIONABLE ? rolesOf(guild) : [];
  const channels = component.type === CHANNEL ? channelsOf(world, guild, component.channel_types) : [];
  return [...people, ...roles, ...channels];
}

/** @param {any} guild @returns {Item[]} */
export function peopleOf(guild) {
  return (guild?.members ?? []).map((/** @type {any} */ member) => ({
    value: member.user.id,
    label: shownName(member.user, member),
    description: member.user.username,
    mark: avatar({ id: member.user.id, name: shownName(member.user, member), bot: member.user.bot }, 'tiny'),
  }));
}

/** @param {any} guild @returns {Item[]} */
export function rolesOf(guild) {
  return (guild?.roles ?? []).map((/** @type {any} */ role) => ({
    value: role.id,
    label: role.name.startsWith('@') ? role.name : `@${role.name}`,
    mark: el('span', { class: 'dot', vars: role.color ? { '--dot': hex(role.color) } : {} }),
  }));
}

/** @param {import('./world.js').World} world @param {any} guild @param {number[]} [types] @returns {Item[]} */
export function channelsOf(world, guild, types) {
  const fits = (/** @type {any} */ channel) => (types?.length ? types.includes(channel.type) : channel.type !== CATEGORY);
  return (guild?.channels ?? []).filter(fits).map((/** @type {any} */ channel) => ({
    value: channel.id,
    label: `#${channel.name}`,
    description: world.channels.get(channel.parent_id)?.name,
  }));
}
