/** What stands under a message, or instead of it: buttons, menus, and Components V2. */

import { append, el, icon, spoken } from './dom.js';
import { attachmentView } from './attachment.js';
import { ownFile } from './links.js';
import { anchor, hex, markdown } from './markdown_view.js';
import { selectView } from './select.js';

/**
 * @typedef {import('./room.js').Room} Room
 * @typedef {{message: any, room: Room, names: import('./markdown_view.js').Names}} Setting
 */

const STYLES = ['', 'primary', 'secondary', 'success', 'danger', 'link', 'premium'];
const LINK = 5;

/** @param {any[]} components @param {Setting} setting @returns {HTMLElement} */
export function componentsView(components, setting) {
  return el('div', { class: 'components' }, components.map((each) => componentView(each, setting)));
}

/** @param {any} component @param {Setting} setting @returns {Node} */
function componentView(component, setting) {
  const build = VIEWS[component.type];
  return build ? build(component, setting) : el('p', { class: 'faint' }, `Component of type ${component.type} is not shown here.`);
}

/** @type {Record<number, (component: any, setting: Setting) => Node>} Discord's type -> view */
const VIEWS = {
  1: (row, setting) => el('div', { class: 'action-row' }, row.components.map((/** @type {any} */ each) => componentView(each, setting))),
  2: button,
  3: menu,
  5: menu,
  6: menu,
  7: menu,
  8: menu,
  9: section,
  10: (text, setting) => el('div', { class: 'prose' }, markdown(text.content, setting.names)),
  11: (thumb, setting) => media(thumb.media, thumb.description, 'v2-thumbnail', setting),
  12: (gallery, setting) =>
    el('div', { class: 'v2-gallery' }, gallery.items.map((/** @type {any} */ item) => media(item.media, item.description, 'picture', setting))),
  13: (file) => attachmentView({ ...file.file, filename: file.name ?? file.file.url.split('/').at(-1), size: file.size ?? 0 }),
  14: (line) => el('hr', { class: `v2-separator ${line.divider === false ? 'invisible' : ''} ${line.spacing === 2 ? 'large' : ''}` }),
  17: container,
};

/** @param {any} component @param {Setting} setting */
function button(component, setting) {
  const label = [component.emoji ? emojiView(component.emoji) : null, component.label ? el('span', {}, component.label) : null];
  if (component.style === LINK) {
    const link = /** @type {HTMLElement} */ (anchor(component.url ?? '', el('span', { class: 'button-inner' }, label, icon('out')), setting.names));
    link.className = 'button button-link';
    return link;
  }
  const name = component.label ?? component.emoji?.name;
  const node = el(
    'button',
    {
      type: 'button',
      class: `button button-${STYLES[component.style] ?? 'secondary'}`,
      disabled: Boolean(component.disabled),
      'aria-label': name,
      data: { key: component.custom_id ?? '' },
    },
    label,
  );
  node.addEventListener('click', () => press(node, setting, { kind: 'press', custom_id: component.custom_id }));
  return node;
}

/** @param {any} component @param {Setting} setting */
function menu(component, setting) {
  const { message, room } = setting;
  const guild = room.guildOf(message.channel_id);
  const node = selectView(component, { world: room.world, guild, onChange: (values) =>
    press(node, setting, { kind: 'select', custom_id: component.custom_id, values }) });
  return node;
}

/** @param {any} part @param {Setting} setting */
function section(part, setting) {
  const texts = part.components.map((/** @type {any} */ each) => componentView(each, setting));
  return el('div', { class: 'v2-section' }, el('div', { class: 'v2-section-text' }, texts), componentView(part.accessory, setting));
}

/** @param {any} box @param {Setting} setting */
function container(box, setting) {
  const vars = box.accent_color === undefined || box.accent_color === null ? {} : { '--bar': hex(box.accent_color) };
  const inner = box.components.map((/** @type {any} */ each) => componentView(each, setting));
  return el('section', { class: 'v2-container', vars, 'aria-label': 'Card' }, inner);
}

/** @param {any} item @param {string | undefined} description @param {string} className @param {Setting} setting */
function media(item, description, className, setting) {
  const own = ownFile(item.proxy_url ?? item.url) ?? ownFile(item.url);
  if (!own) return el('p', { class: 'elsewhere' }, 'Picture: ', anchor(item.url, null, setting.names));
  return el('span', { class: className }, el('img', { src: own, alt: description ?? 'Picture', loading: 'lazy' }));
}

/** @param {{id?: string | null, name?: string}} emoji @returns {HTMLElement} */
export function emojiView(emoji) {
  return emoji.id ? el('span', { class: 'emoji-name' }, `:${emoji.name}:`) : el('span', { class: 'emoji' }, emoji.name);
}

/**
 * Sends an interaction and shows that it is under way, and if nobody answered.
 * @param {HTMLElement} node the control that was used
 * @param {Setting} setting
 * @param {any} body
 */
async function press(node, { message, room }, body) {
  if (node.getAttribute('aria-busy') === 'true') return;
  const home = node.closest('.message');
  home?.querySelector('.no-answer')?.remove();
  node.setAttribute('aria-busy', 'true');
  try {
    const place = { channel_id: message.channel_id, message_id: message.id };
    const reply = await room.interact({ ...body, ...place });
    if (reply.failed) complain(home, 'The application did not respond');
  } catch (error) {
    complain(home, /** @type {Error} */ (error).message);
  } finally {
    node.removeAttribute('aria-busy');
  }
}

/** @param {Element | null} home @param {string} text */
function complain(home, text) {
  const line = el('p', { class: 'no-answer', role: 'alert' }, spoken('Failed: '), text);
  const body = home?.querySelector('.message-body');
  if (body) append(body, [line]);
}
