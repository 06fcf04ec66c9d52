/** Servers, channels by category, threads under their channel. */

import { el, icon, replace, spoken } from './dom.js';
import { initials } from './avatar.js';
import { pathOf } from './links.js';
import { CATEGORY, FORUM, THREADS } from './world.js';

/** @typedef {import('./room.js').Room} Room */

const NEWS = 5;
const DIRECT = 1;

/** @param {HTMLElement} home @param {Room} room */
export function drawServers(home, room) {
  replace(home, el('span', { class: 'brand', 'aria-hidden': 'true' }, glasses()), el('ul', { class: 'servers' }, room.world.guilds.map((/** @type {any} */ guild) => {
    const first = firstChannel(guild);
    const isHere = room.place?.guild === guild.id;
    const unread = guild.channels.some((/** @type {any} */ channel) => room.world.isUnread(channel));
    const href = first ? pathOf({ guild: guild.id, channel: first.id, message: null }) : '/';
    return el('li', {}, el(
      'a',
      { class: `server ${unread ? 'unread' : ''}`, href, data: { place: '' }, 'aria-label': unread ? `${guild.name}, unread messages` : guild.name, 'aria-current': isHere ? 'true' : null, title: guild.name },
      initials(guild.name),
    ));
  })));
}

/** @returns {HTMLElement} the house's mark: a pair of glasses, lost and found */
function glasses() {
  return el('img', { src: '/page/static/favicon.svg', alt: '', width: 30, height: 30 });
}

/** @param {HTMLElement} home @param {Room} room */
export function drawChannels(home, room) {
  const guild = room.world.guilds.find((/** @type {any} */ each) => each.id === room.place?.guild);
  if (!guild) return replace(home);
  const top = guild.channels.filter((/** @type {any} */ channel) => !THREADS.has(channel.type)).sort(byPosition);
  const categories = top.filter((/** @type {any} */ channel) => channel.type === CATEGORY);
  const known = new Set(categories.map((/** @type {any} */ category) => category.id));
  const loose = top.filter((/** @type {any} */ channel) => channel.type !== CATEGORY && !known.has(channel.parent_id));
  const groups = categories.map((/** @type {any} */ category) => ({
    name: category.name,
    channels: top.filter((/** @type {any} */ channel) => channel.parent_id === category.id),
  }));
  replace(
    home,
    el('h1', { class: 'guild-name' }, guild.name),
    channelList('Channels', loose, guild, room),
    groups.filter((/** @type {any} */ group) => group.channels.length).map((/** @type {any} */ group) => [
      el('h2', { class: 'category' }, group.name),
      channelList(group.name, group.channels, guild, room),
    ]).flat(),
  );
}

/** @param {string} label @param {any[]} channels @param {any} guild @param {Room} room */
function channelList(label, channels, guild, room) {
  return el('ul', { class: 'channels', 'aria-label': label }, channels.map((channel) => {
    const threads = guild.channels.filter((/** @type {any} */ each) => THREADS.has(each.type) && each.parent_id === channel.id && !each.thread_metadata?.archived);
    return el('li', {}, row(channel, room), threads.length && channel.type !== FORUM
      ? el('ul', { class: 'threads', 'aria-label': `Threads of ${channel.name}` }, threads.map((/** @type {any} */ thread) => el('li', {}, row(thread, room))))
      : null);
  }));
}

/** @param {any} channel @param {Room} room */
function row(channel, room) {
  const isHere = room.place?.channel === channel.id;
  const unread = !isHere && room.world.isUnread(channel);
  return el(
    'a',
    { class: `channel ${unread ? 'unread' : ''}`, href: pathOf({ guild: channel.guild_id, channel: channel.id, message: null }), data: { place: '' }, 'aria-current': isHere ? 'page' : null },
    icon(iconOf(channel)),
    el('span', { class: 'clip' }, channel.name),
    unread ? el('span', { class: 'unread-dot' }, spoken(' (unread)')) : null,
  );
}

/** @param {any} channel @returns {'hash' | 'thread' | 'forum' | 'news' | 'person'} */
export function iconOf(channel) {
  if (THREADS.has(channel.type)) return 'thread';
  if (channel.type === FORUM) return 'forum';
  if (channel.type === DIRECT) return 'person';
  return channel.type === NEWS ? 'news' : 'hash';
}

/** @param {any} guild @returns {any} where one lands */
export function firstChannel(guild) {
  return guild.channels.filter((/** @type {any} */ channel) => channel.type !== CATEGORY && !THREADS.has(channel.type)).sort(byPosition)[0];
}

/** @param {any} a @param {any} b */
function byPosition(a, b) {
  return a.position - b.position || (BigInt(a.id) < BigInt(b.id) ? -1 : 1);
}
