/** A forum's posts, newest first. */

import { el, icon, replace } from './dom.js';
import { pathOf } from './links.js';
import { relative, timeOfId } from './times.js';
import { THREADS } from './world.js';

/** @param {HTMLElement} home @param {any} forum @param {import('./room.js').Room} room */
export function drawForum(home, forum, room) {
  const posts = [...room.world.channels.values()]
    .filter((channel) => THREADS.has(channel.type) && channel.parent_id === forum.id)
    .sort((a, b) => (BigInt(lastOf(a)) > BigInt(lastOf(b)) ? -1 : 1));
  const list = posts.length
    ? el('ul', { class: 'posts' }, posts.map((post) => el('li', {}, postView(post, forum, room))))
    : el('p', { class: 'empty' }, 'No posts yet.');
  replace(home, el('div', { class: 'scroller' }, list));
}

/** @param {any} post @returns {string} */
function lastOf(post) {
  return post.last_message_id ?? post.id;
}

/** @param {any} post @param {any} forum @param {import('./room.js').Room} room */
function postView(post, forum, room) {
  const active = timeOfId(lastOf(post));
  const tags = (post.applied_tags ?? []).map((/** @type {string} */ id) => forum.available_tags?.find((/** @type {any} */ tag) => tag.id === id)?.name).filter(Boolean);
  return el(
    'a',
    { class: `post ${room.world.isUnread(post) ? 'unread' : ''}`, href: pathOf({ guild: post.guild_id, channel: post.id, message: null }), data: { place: '' } },
    tags.length ? el('span', {}, tags.map((/** @type {string} */ tag) => el('span', { class: 'tag' }, tag))) : null,
    el('b', { class: 'post-title' }, post.name),
    el('span', { class: 'faint' }, icon('thread'), `${post.message_count ?? 0} messages · `,
      el('time', { datetime: active.toISOString(), data: { relative: active.getTime() } }, relative(active))),
  );
}
