/** Discord's Markdown made visible: tree -> DOM nodes. */

import { append, el, spoken } from './dom.js';
import { highlight } from './highlight.js';
import { pathOf, placeOf, webAddress } from './links.js';
import { parse, parseInline } from './markdown.js';
import { stamp } from './times.js';

/**
 * @typedef {import('./markdown.js').Tree} Tree
 * @typedef {{user: (id: string) => {name: string, isMe: boolean} | null,
 *            role: (id: string) => {name: string, color: number, isMine: boolean} | null,
 *            channel: (id: string) => {name: string, guild: string} | null}} Names
 *   who and what the ids in a text are; null for unknown ones
 */

/** @param {string} text @param {Names} names @returns {DocumentFragment} */
export function markdown(text, names) {
  return view(parse(text), names);
}

/** @param {string} text @param {Names} names @returns {DocumentFragment} titles: no blocks */
export function inlineMarkdown(text, names) {
  return view(parseInline(text), names);
}

/** @param {Tree[]} trees @param {Names} names @returns {DocumentFragment} */
function view(trees, names) {
  const fragment = document.createDocumentFragment();
  append(fragment, trees.map((tree) => (VIEWS[tree.type] ?? literal)(tree, names)));
  return fragment;
}

/** @param {Tree} tree @returns {Node} */
const literal = (tree) => document.createTextNode(tree.text ?? '');

/** @param {string} tag @param {string} [className] */
const wrap = (tag, className) => (/** @type {Tree} */ tree, /** @type {Names} */ names) =>
  el(tag, { class: className }, view(tree.children ?? [], names));

/** @type {Record<string, (tree: Tree, names: Names) => Node>} */
const VIEWS = {
  text: literal,
  newline: () => el('br'),
  lines: wrap('p'),
  strong: wrap('strong'),
  em: wrap('em'),
  underline: wrap('u'),
  strike: wrap('s'),
  quote: wrap('blockquote'),
  subtext: wrap('small', 'subtext'),
  heading: (tree, names) =>
    el('div', { class: `heading heading-${tree.level}`, role: 'heading', 'aria-level': tree.level + 3 }, view(tree.children ?? [], names)),
  code: (tree) => el('code', {}, tree.text),
  fence: (tree) =>
    el('pre', { class: 'fence', tabindex: '0', 'aria-label': `Code${tree.language ? ` in ${tree.language}` : ''}` },
      el('code', {}, highlight(tree.text ?? '', tree.language))),
  list: listView,
  spoiler: spoilerView,
  link: linkView,
  time: (tree) => stamp(tree.seconds, tree.style) ?? literal(tree),
  emoji: (tree) => el('span', { class: 'emoji-name', title: `Emoji ${tree.name}` }, `:${tree.name}:`),
  command: (tree) => el('span', { class: 'mention' }, `/${tree.name}`),
  everyone: (tree) => el('span', { class: 'mention mention-me' }, tree.text),
  user: (tree, names) => {
    const user = names.user(tree.id);
    return el('span', { class: user?.isMe ? 'mention mention-me' : 'mention' }, user ? `@${user.name}` : '@unknown user');
  },
  role: (tree, names) => {
    const role = names.role(tree.id);
    const vars = role?.color ? { '--role': hex(role.color) } : {};
    return el('span', { class: role?.isMine ? 'mention mention-me' : 'mention mention-role', vars }, role ? `@${role.name}` : '@unknown role');
  },
  channel: (tree, names) => {
    const channel = names.channel(tree.id);
    if (!channel) return el('span', { class: 'mention' }, '#unknown');
    const href = pathOf({ guild: channel.guild, channel: tree.id, message: null });
    return el('a', { class: 'mention', href, data: { place: '' } }, `#${channel.name}`);
  },
};

/** @param {number} color 0xRRGGBB @returns {string} */
export function hex(color) {
  return `#${(color & 0xffffff).toString(16).padStart(6, '0')}`;
}

/** @param {Tree} tree @param {Names} names */
function listView(tree, names) {
  const items = tree.items.map((/** @type {any} */ item) =>
    el('li', { class: `level-${item.level}` }, view(item.children, names)));
  return tree.ordered ? el('ol', { start: tree.start }, items) : el('ul', {}, items);
}

/** @param {Tree} tree @param {Names} names */
function spoilerView(tree, names) {
  const inner = el('span', { class: 'spoiler-text', 'aria-hidden': 'true' }, view(tree.children ?? [], names));
  const button = el('button', { type: 'button', class: 'spoiler-cover', 'aria-label': 'Reveal the spoiler' });
  const spoiler = el('span', { class: 'spoiler' }, inner, button);
  button.addEventListener('click', () => {
    inner.removeAttribute('aria-hidden');
    spoiler.classList.add('revealed');
    button.remove();
  });
  return spoiler;
}

/** @param {Tree} tree @param {Names} names */
function linkView(tree, names) {
  return anchor(tree.url, tree.children ? view(tree.children, names) : null, names);
}

/**
 * A link that is safe to follow; a place in Discord becomes the same place on this page.
 * @param {string} address
 * @param {Node | string | null} label null: the address itself, or the place's name
 * @param {Names} names
 * @returns {Node}
 */
export function anchor(address, label, names) {
  const url = webAddress(address);
  if (!url) return el('span', {}, label ?? address);
  const place = placeOf(address);
  if (place) {
    const name = names.channel(place.channel)?.name ?? 'unknown';
    const text = label ?? `#${name}${place.message ? ' › message' : ''}`;
    return el('a', { class: label ? 'link' : 'mention', href: pathOf(place), data: { place: '' } }, text);
  }
  const props = { class: 'link', href: url.href, target: '_blank', rel: 'noopener noreferrer nofollow', title: url.href };
  return el('a', props, label ?? address, spoken(' (opens in a new tab)'));
}
