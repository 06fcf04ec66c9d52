/**
 * What this person sees of Discord, kept true by gateway events.
 *
 * Messages and reactions are applied as they come. Anything rarer (channels, roles, members,
 * commands) makes the page ask for the whole state again: simpler, and never half true.
 */

import { recall, remember } from './dom.js';

export const TEXT = 0;
export const CATEGORY = 4;
export const FORUM = 15;
export const THREADS = new Set([10, 11, 12]);
export const EPHEMERAL = 1 << 6;
export const LOADING = 1 << 7;
export const VIEW_CHANNEL = 1n << 10n;
export const SEND_MESSAGES = 1n << 11n;
export const SEND_IN_THREADS = 1n << 38n;

/** @typedef {any} Message Discord's own object, `reactions[].me` being this person's */

export class World extends EventTarget {
  /** @param {any} state of the page's API */
  constructor(state) {
    super();
    /** @type {Map<string, Message[]>} channel id -> oldest first; only channels once opened */
    this.timelines = new Map();
    /** @type {Map<string, {t: string, d: any}[]>} channel id -> events while it is being fetched */
    this.arrivals = new Map();
    /** @type {Map<string, {user: any, until: number}[]>} */
    this.typing = new Map();
    /** @type {any[]} */
    this.guilds = [];
    /** @type {Map<string, any>} */
    this.channels = new Map();
    /** @type {Map<string, any>} */
    this.roles = new Map();
    /** @type {Map<string, any>} "guild/user" -> member */
    this.members = new Map();
    /** @type {Map<string, any>} */
    this.users = new Map();
    this.take(state);
  }

  /** @param {any} state */
  take(state) {
    this.me = state.me;
    this.people = state.people;
    this.guilds = state.guilds;
    this.applications = state.applications;
    this.rights = state.rights;
    this.channels = new Map(this.guilds.flatMap((guild) => guild.channels.map((/** @type {any} */ each) => [each.id, each])));
    this.roles = new Map(this.guilds.flatMap((guild) => guild.roles.map((/** @type {any} */ each) => [each.id, each])));
    this.members = new Map(this.guilds.flatMap((guild) => guild.members.map((/** @type {any} */ each) => [`${guild.id}/${each.user.id}`, each])));
    this.users = new Map([...this.members.values()].map((member) => [member.user.id, member.user]));
  }

  /** @param {string} kind @param {string | null} channel @param {Record<string, any>} [more] */
  #tell(kind, channel, more = {}) {
    this.dispatchEvent(new CustomEvent(kind, { detail: { channel, ...more } }));
  }

  /** Call before fetching a channel's messages. @param {string} channel */
  expect(channel) {
    this.arrivals.set(channel, []);
  }

  /**
   * Takes fetched messages; what the stream told while they were on their way is told again.
   * @param {string} channel @param {Message[]} messages oldest first
   */
  open(channel, messages) {
    const late = this.arrivals.get(channel) ?? [];
    this.arrivals.delete(channel);
    this.timelines.set(channel, messages);
    // Reactions are counted, so they cannot be told twice; the fetched ones stand.
    for (const { t, d } of late) if (!t.includes('REACTION')) CHANGES[t]?.(this, d);
  }

  /** @param {string} channel @param {Message[]} older oldest first */
  prepend(channel, older) {
    this.timelines.set(channel, [...older, ...(this.timelines.get(channel) ?? [])]);
  }

  /** @param {string} channel @param {string} id @returns {Message | undefined} */
  message(channel, id) {
    return this.timelines.get(channel)?.find((message) => message.id === id);
  }

  /**
   * @param {{t: string, d: any}} event
   * @returns {boolean} false when only a new state can tell what it means
   */
  apply({ t, d }) {
    // The first direct message opens its channel without another word.
    if (t === 'MESSAGE_CREATE' && !this.channels.has(d.channel_id)) return false;
    const change = CHANGES[t];
    this.arrivals.get(d.channel_id)?.push({ t, d });
    if (change) change(this, d);
    return Boolean(change) || t.startsWith('INTERACTION');
  }

  /** @param {Message} message */
  add(message) {
    const channel = this.channels.get(message.channel_id);
    const list = this.timelines.get(message.channel_id);
    // A stream that was joined again may tell of a message that has been fetched meanwhile.
    if (list?.some((each) => each.id === message.id)) return this.change(message);
    if (channel && !isEphemeral(message) && isAfter(message.id, channel.last_message_id)) {
      channel.last_message_id = message.id;
      if (THREADS.has(channel.type)) channel.message_count = (channel.message_count ?? 0) + 1;
    }
    if (list) insert(list, message);
    this.#tell('message', message.channel_id, { message, isNew: true });
  }

  /** @param {Message} message with what has changed; one that is not on the page stays so */
  change(message) {
    const known = this.message(message.channel_id, message.id);
    if (!known) return;
    // An event counts reactions for nobody in particular: what this person gave is known here.
    const changed = { ...known, ...message, reactions: known.reactions };
    const list = /** @type {Message[]} */ (this.timelines.get(message.channel_id));
    list[list.indexOf(known)] = changed;
    this.#tell('message', message.channel_id, { message: changed, isNew: false });
  }

  /** @param {string} channel @param {string[]} ids */
  drop(channel, ids) {
    const gone = new Set(ids);
    const list = this.timelines.get(channel);
    if (list) this.timelines.set(channel, list.filter((message) => !gone.has(message.id)));
    this.#tell('gone', channel, { ids });
  }

  /** @param {any} d of MESSAGE_REACTION_ADD or _REMOVE @param {number} step */
  count(d, step) {
    const key = emojiKey(d.emoji);
    this.#changeReactions(d, (reactions) => {
      const known = reactions.find((each) => emojiKey(each.emoji) === key) ?? { emoji: d.emoji, count: 0, me: false };
      const me = d.user_id === this.me.id ? step > 0 : known.me;
      const changed = { ...known, count: known.count + step, me };
      const all = reactions.includes(known) ? reactions.map((each) => (each === known ? changed : each)) : [...reactions, changed];
      return all.filter((each) => each.count > 0);
    });
  }

  /** @param {any} d of MESSAGE_REACTION_REMOVE_ALL, or with `emoji` of _REMOVE_EMOJI */
  clearReactions(d) {
    this.#changeReactions(d, (reactions) => reactions.filter((each) => d.emoji && emojiKey(each.emoji) !== emojiKey(d.emoji)));
  }

  /** @param {any} d @param {(reactions: any[]) => any[]} change */
  #changeReactions(d, change) {
    const message = this.message(d.channel_id, d.message_id);
    if (!message) return;
    const changed = { ...message, reactions: change(message.reactions ?? []) };
    const list = /** @type {Message[]} */ (this.timelines.get(d.channel_id));
    list[list.indexOf(message)] = changed;
    this.#tell('message', d.channel_id, { message: changed, isNew: false });
  }

  /** @param {any} d of TYPING_START */
  types(d) {
    const user = this.users.get(d.user_id);
    if (!user || d.user_id === this.me.id) return;
    const others = (this.typing.get(d.channel_id) ?? []).filter((each) => each.user.id !== d.user_id);
    this.typing.set(d.channel_id, [...others, { user, until: Date.now() + 9000 }]);
    this.#tell('typing', d.channel_id);
  }

  // --- who may what, and what is new -----------------------------------------------------------

  /** @param {string} channelId @returns {boolean} */
  mayWrite(channelId) {
    const channel = this.channels.get(channelId);
    const needed = THREADS.has(channel?.type) ? SEND_IN_THREADS : SEND_MESSAGES;
    return (BigInt(this.rights[channelId] ?? 0) & needed) !== 0n;
  }

  /** @param {string} guild @returns {string[]} this person's role ids */
  myRoles(guild) {
    return this.members.get(`${guild}/${this.me.id}`)?.roles ?? [];
  }

  /** @param {any} channel */
  isUnread(channel) {
    if (!channel.last_message_id) return false;
    return isAfter(channel.last_message_id, this.lastRead(channel.id));
  }

  /** @param {string} channel @returns {string | null} id of the newest message seen */
  lastRead(channel) {
    return recall(`read:${this.me.id}:${channel}`);
  }

  /** @param {string} channel */
  markRead(channel) {
    const newest = this.channels.get(channel)?.last_message_id;
    if (!newest || !isAfter(newest, this.lastRead(channel))) return;
    remember(`read:${this.me.id}:${channel}`, newest);
    this.#tell('read', channel);
  }
}

/** @type {Record<string, (world: World, d: any) => void>} */
const CHANGES = {
  MESSAGE_CREATE: (world, d) => world.add(d),
  MESSAGE_UPDATE: (world, d) => world.change(d),
  MESSAGE_DELETE: (world, d) => world.drop(d.channel_id, [d.id]),
  MESSAGE_DELETE_BULK: (world, d) => world.drop(d.channel_id, d.ids),
  MESSAGE_REACTION_ADD: (world, d) => world.count(d, 1),
  MESSAGE_REACTION_REMOVE: (world, d) => world.count(d, -1),
  MESSAGE_REACTION_REMOVE_ALL: (world, d) => world.clearReactions(d),
  MESSAGE_REACTION_REMOVE_EMOJI: (world, d) => world.clearReactions(d),
  TYPING_START: (world, d) => world.types(d),
};

/** @param {Message} message */
export function isEphemeral(message) {
  return ((message.flags ?? 0) & EPHEMERAL) !== 0;
}

/** @param {string} id @param {string | null | undefined} other @returns {boolean} */
export function isAfter(id, other) {
  return !other || BigInt(id) > BigInt(other);
}

/** @param {{id: string | null, name: string}} emoji @returns {string} as the routes spell it */
export function emojiKey(emoji) {
  return emoji.id ? `${emoji.name}:${emoji.id}` : emoji.name;
}

/** @param {Message[]} list oldest first @param {Message} message */
function insert(list, message) {
  let at = list.length;
  while (at > 0 && isAfter(list[at - 1].id, message.id)) at -= 1;
  list.splice(at, 0, message);
}

/** @param {any} channel @returns {string} as people write it: #alerts, but a thread's or a person's plain name */
export function writtenName(channel) {
  return THREADS.has(channel.type) || channel.guild_id === '@me' ? channel.name : `#${channel.name}`;
}

/** @param {any} user @param {any} [member] @returns {string} the name people read */
export function shownName(user, member) {
  return member?.nick ?? user.global_name ?? user.username;
}
