/** One message: who, when, what, and what one can do with it. */

import { el, icon } from './dom.js';
import { attachmentView } from './attachment.js';
import { avatar } from './avatar.js';
import { componentsView } from './components.js';
import { embedView } from './embed.js';
import { pathOf } from './links.js';
import { hex, inlineMarkdown, markdown } from './markdown_view.js';
import { reactionsView, openReactionPicker } from './reactions.js';
import { absolute, messageTime } from './times.js';
import { isEphemeral, LOADING, shownName } from './world.js';

/** @typedef {import('./room.js').Room} Room */

const REPLY = 19;
const CHAT_INPUT = 20;
const CONTEXT_MENU = 23;
/** Message types that are ordinary words; all others are lines of the system. */
const WORDS = new Set([0, REPLY, CHAT_INPUT, CONTEXT_MENU]);
const SYSTEM = /** @type {Record<number, string>} */ ({
  6: 'pinned a message to this channel.',
  7: 'joined the server.',
  18: 'started a thread:',
  21: 'started this thread.',
});

/**
 * @param {any} message @param {Room} room
 * @returns {{id: string, name: string, bot: boolean, color: number, picture: string | null}} whom the message shows as its author
 */
export function authorOf(message, room) {
  const guild = room.guildOf(message.channel_id);
  const member = guild && room.world.members.get(`${guild.id}/${message.author.id}`);
  const roles = (member?.roles ?? []).map((/** @type {string} */ id) => room.world.roles.get(id)).filter(Boolean);
  const coloured = roles.filter((/** @type {any} */ role) => role.color).sort((/** @type {any} */ a, /** @type {any} */ b) => b.position - a.position);
  return {
    id: message.author.id,
    name: message.webhook_id ? message.author.username : shownName(message.author, member),
    bot: Boolean(message.author.bot || message.webhook_id),
    color: coloured[0]?.color ?? 0,
    picture: message.author.avatar_url ?? null,
  };
}

/**
 * @param {any} message
 * @param {Room} room
 * @param {boolean} follows whether the line above is by the same author, moments ago
 * @returns {HTMLElement}
 */
export function messageView(message, room, follows) {
  if (!WORDS.has(message.type)) return systemView(message, room);
  const who = authorOf(message, room);
  const date = new Date(message.timestamp);
  const headed = !follows || message.type !== 0 || isEphemeral(message);
  const mine = message.mentions?.some((/** @type {any} */ user) => user.id === room.world.me.id);
  const classes = ['message', headed ? 'headed' : 'following', isEphemeral(message) ? 'ephemeral' : '', mine ? 'mentions-me' : ''];
  return el(
    'article',
    { class: classes.join(' '), tabindex: '-1', 'aria-label': `${who.name}, ${messageTime(date)}`, data: { id: message.id } },
    context(message, room),
    headed ? avatar(who) : el('time', { class: 'message-side-time', datetime: date.toISOString() }, absolute(date, 't')),
    el('div', { class: 'message-body' }, headed ? headline(message, who, date) : null, body(message, room, headed), thread(message, room), whisperLine(message, room)),
    toolbar(message, room),
  );
}

/** @param {any} message @param {any} who @param {Date} date */
function headline(message, who, date) {
  return el(
    'header',
    { class: 'message-head' },
    el('span', { class: 'author', vars: who.color ? { '--role': hex(who.color) } : {} }, who.name),
    who.bot ? el('span', { class: 'bot-tag' }, 'APP') : null,
    el('time', { class: 'faint', datetime: date.toISOString(), title: absolute(date, 'F') }, messageTime(date)),
    message.content ? null : editedMark(message),
  );
}

/** @param {any} message @returns {HTMLElement | null} */
function editedMark(message) {
  if (!message.edited_timestamp) return null;
  return el('span', { class: 'edited', title: `Edited ${absolute(new Date(message.edited_timestamp), 'F')}` }, '(edited)');
}

/** @param {any} message @param {Room} room @param {boolean} headed @returns {Node[]} */
function body(message, room, headed) {
  if ((message.flags ?? 0) & LOADING) return [thinking(message)];
  const names = room.names(message.channel_id);
  const text = message.content ? el('div', { class: 'prose content' }, markdown(message.content, names), editedMark(message)) : null;
  return /** @type {Node[]} */ ([
    text,
    ...(message.attachments ?? []).filter((/** @type {any} */ file) => !isShownElsewhere(file, message)).map(attachmentView),
    ...(message.embeds ?? []).map((/** @type {any} */ embed) => embedView(embed, names)),
    message.components?.length ? componentsView(message.components, { message, room, names }) : null,
    text || headed ? null : editedMark(message),
    reactionsView(message, room),
  ].filter(Boolean));
}

/** Whether an embed or a component already shows this file. @param {any} file @param {any} message */
function isShownElsewhere(file, message) {
  const shown = (message.embeds ?? []).flatMap((/** @type {any} */ embed) => [embed.image?.url, embed.thumbnail?.url, embed.author?.icon_url]);
  return shown.includes(file.url) || JSON.stringify(message.components ?? []).includes(JSON.stringify(file.url));
}

/** @param {any} message */
function thinking(message) {
  return el('p', { class: 'thinking' }, el('span', { class: 'dots', 'aria-hidden': 'true' }, el('i'), el('i'), el('i')), `${message.author.username} is thinking…`);
}

/** The line above a message: what it answers. @param {any} message @param {Room} room */
function context(message, room) {
  if (message.type === REPLY && message.message_reference) return replied(message, room);
  const used = message.interaction_metadata ?? message.interaction;
  const command = message.interaction?.name;
  if (!used?.user || !command) return null;
  return el(
    'div',
    { class: 'context' },
    avatar({ id: used.user.id, name: shownName(used.user) }, 'tiny'),
    el('span', {}, el('b', {}, shownName(used.user)), ' used ', el('span', { class: 'mention' }, `/${command}`)),
  );
}

/** @param {any} message @param {Room} room */
function replied(message, room) {
  const to = message.referenced_message;
  if (!to) return el('div', { class: 'context' }, icon('reply'), el('i', {}, 'The message was deleted'));
  const who = authorOf(to, room);
  const place = { guild: room.guildOf(to.channel_id)?.id ?? '@me', channel: to.channel_id, message: to.id };
  return el(
    'a',
    { class: 'context', href: pathOf(place), data: { place: '' } },
    icon('reply'),
    avatar(who, 'tiny'),
    el('b', {}, who.name),
    el('span', { class: 'clip' }, to.content || to.embeds?.[0]?.title || 'a card'),
  );
}

/** @param {any} message @param {Room} room */
function whisperLine(message, room) {
  if (!isEphemeral(message)) return null;
  const dismiss = el('button', { type: 'button', class: 'text-button', on: { click: () => room.dismiss(message) } }, 'Dismiss message');
  return el('p', { class: 'whisper' }, icon('eye'), 'Only you can see this ·', dismiss);
}

/** @param {any} message @param {Room} room */
function thread(message, room) {
  const own = message.thread ? room.world.channels.get(message.thread.id) ?? message.thread : null;
  if (!own || !room.world.channels.has(own.id)) return null;
  const place = { guild: own.guild_id, channel: own.id, message: null };
  const count = own.message_count ?? 0;
  return el(
    'a',
    { class: 'thread-chip', href: pathOf(place), data: { place: '' } },
    icon('thread'),
    el('b', {}, own.name),
    el('span', { class: 'faint' }, count === 1 ? '1 message' : `${count} messages`),
    icon('right'),
  );
}

/** @param {any} message @param {Room} room */
function systemView(message, room) {
  const who = authorOf(message, room);
  const date = new Date(message.timestamp);
  const what = SYSTEM[message.type] ?? 'did something this page has no words for.';
  return el(
    'article',
    { class: 'message system', tabindex: '-1', data: { id: message.id }, 'aria-label': `${who.name} ${what}` },
    el('span', { class: 'system-mark' }, icon(message.type === 6 ? 'pin' : 'thread')),
    el('p', { class: 'message-body' },
      el('b', {}, who.name), ' ', what, ' ',
      message.type === 18 ? inlineMarkdown(message.content ?? '', room.names(message.channel_id)) : null,
      el('time', { class: 'faint', datetime: date.toISOString() }, ` ${messageTime(date)}`)),
  );
}

/** @param {any} message @param {Room} room */
function toolbar(message, room) {
  const tools = isEphemeral(message) ? [] : [
    tool('react', 'Add a reaction', (node) => openReactionPicker(node, message, room)),
    room.world.mayWrite(message.channel_id) ? tool('reply', 'Reply', () => room.replyTo(message)) : null,
    tool('link', 'Copy a link to this message', () => room.copyLink(message)),
  ];
  return tools.length ? el('div', { class: 'toolbar', role: 'group', 'aria-label': 'Message tools' }, tools) : null;
}

/** @param {any} name of the icon @param {string} label @param {(node: HTMLElement) => void} act */
function tool(name, label, act) {
  const node = el('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, tabindex: '-1', data: { key: `tool-${name}` } }, icon(name));
  node.addEventListener('click', () => act(node));
  return node;
}

/** What a screen reader hears of a new message. @param {any} message @param {Room} room */
export function spokenSummary(message, room) {
  const card = message.embeds?.[0];
  const text = message.content || [card?.title, card?.description].filter(Boolean).join('. ');
  return `${authorOf(message, room).name}: ${text.replace(/[*_`~|]/g, '').slice(0, 160) || 'a new message'}`;
}

