/**
 * The messages of the open channel. Stays at the bottom only if it was there; keeps the focus
 * where it was when a message is drawn anew.
 */

import { el, icon, replace } from './dom.js';
import { messageView, spokenSummary } from './message.js';
import { absolute, startOfDay } from './times.js';
import { isAfter, isEphemeral, writtenName } from './world.js';

/**
 * @typedef {import('./room.js').Room} Room
 * @typedef {{key: string, made: any[], build: () => Node}} Row `made`: what it is built of
 */

const SAME_BREATH = 7 * 60_000;
const NEAR_BOTTOM = 48;
const FAR_FROM_BOTTOM = 240;
const PAGE = 50;

export class Timeline {
  /** @param {HTMLElement} home @param {HTMLElement} announcer @param {Room} room */
  constructor(home, announcer, room) {
    this.room = room;
    this.announcer = announcer;
    this.channel = '';
    /** What was read when the channel was opened: the "new" line stands after it. */
    this.readBefore = /** @type {string | null} */ (null);
    this.atBottom = true;
    this.complete = true;
    /** The height of everything when the bottom was last shown. */
    this.height = 0;
    /** @type {Map<string, Row & {node: Node}>} what is shown, by key */
    this.rows = new Map();
    this.list = el('div', { class: 'messages', role: 'feed', 'aria-label': 'Messages' });
    this.scroller = el('div', { class: 'scroller' }, this.list);
    this.jump = el('button', { type: 'button', class: 'jump', hidden: true, on: { click: () => this.toBottom() } }, 'Newest messages', icon('down'));
    replace(home, this.scroller, this.jump);
    this.scroller.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    this.list.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => this.#walk(event));
    // Pictures, opened previews and the keyboard of a phone change heights after the fact.
    const settle = new ResizeObserver(() => this.atBottom && this.#bottom());
    settle.observe(this.list);
    settle.observe(this.scroller);
    document.addEventListener('visibilitychange', () => this.#read());
  }

  /** @param {string} channel @param {string | null} [focusMessage] id to jump to */
  async open(channel, focusMessage = null) {
    const { world, api } = this.room;
    const isSame = channel === this.channel;
    if (!isSame) {
      this.rows.clear();
      this.channel = channel;
      this.readBefore = world.lastRead(channel);
      replace(this.list, el('p', { class: 'loading' }, 'Loading…'));
    }
    world.expect(channel);
    const messages = await api.messages(channel);
    if (channel !== this.channel) return;
    world.open(channel, messages);
    this.complete = messages.filter((message) => !isEphemeral(message)).length < PAGE;
    this.draw();
    if (!isSame) this.toBottom();
    if (focusMessage) await this.#jumpTo(focusMessage);
    this.#read();
  }

  /**
   * Draws the open channel; rows that are still true stay as they are, with what was opened in them.
   * @param {boolean} [anew] whether names, roles or rights may have changed
   */
  draw(anew = false) {
    if (anew) this.rows.clear();
    const kept = this.#focused();
    const rows = this.#plan().map((row) => this.#node(row));
    this.rows = new Map(rows.map((row) => [row.key, row]));
    settleInto(this.list, rows.map((row) => row.node));
    this.#refocus(kept);
    if (this.atBottom) this.#bottom();
  }

  /** @returns {Row[]} what is to be seen, top to bottom, not built yet */
  #plan() {
    const { world } = this.room;
    const rows = /** @type {Row[]} */ ([{ key: 'beginning', made: [this.channel, this.complete], build: () => this.#beginning() }]);
    let above = null;
    let marked = this.readBefore === null;
    for (const message of world.timelines.get(this.channel) ?? []) {
      const isNewDay = !above || day(above) !== day(message);
      if (isNewDay) {
        const date = absolute(new Date(message.timestamp), 'D');
        rows.push({ key: `day-${date}`, made: [], build: () => divider(date) });
      }
      const isUnread = !marked && isAfter(message.id, this.readBefore) && !isEphemeral(message) && message.author.id !== world.me.id;
      if (isUnread) rows.push({ key: 'new', made: [], build: () => divider('New', 'new-line') });
      marked ||= isUnread;
      const following = !isNewDay && !isUnread && follows(message, above);
      rows.push({ key: message.id, made: [message, following], build: () => messageView(message, this.room, following) });
      above = message;
    }
    return rows;
  }

  /** @param {Row} row @returns {Row & {node: Node}} the old node if it was made of the same */
  #node(row) {
    const old = this.rows.get(row.key);
    const isSame = old && old.made.every((part, at) => part === row.made[at]);
    return { ...row, node: isSame ? old.node : row.build() };
  }

  #beginning() {
    const channel = this.room.world.channels.get(this.channel);
    const name = channel ? writtenName(channel) : '';
    if (!this.complete) return el('p', { class: 'loading' }, 'Older messages come as you scroll up.');
    return el('div', { class: 'beginning' }, el('h2', {}, name), el('p', {}, `This is where ${name} begins.`));
  }

  /** @param {{message: any, isNew: boolean}} change */
  changed({ message, isNew }) {
    this.draw();
    if (isNew && message.author.id !== this.room.world.me.id) this.announcer.textContent = spokenSummary(message, this.room);
    if (isNew && !this.atBottom) this.jump.hidden = false;
    this.#read();
  }

  /** @param {string[]} ids */
  gone(ids) {
    const kept = this.#focused();
    this.draw();
    if (kept && ids.includes(kept.id)) this.room.focusComposer();
  }

  toBottom() {
    this.atBottom = true;
    this.jump.hidden = true;
    this.#bottom();
    this.#read();
  }

  /** @param {string} id @returns {HTMLElement | null} */
  #row(id) {
    return this.list.querySelector(`.message[data-id="${CSS.escape(id)}"]`);
  }

  #bottom() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.height = this.scroller.scrollHeight;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    // What grew by itself did not scroll: whoever was at the bottom stays there.
    if (this.atBottom && scrollHeight !== this.height) return this.#bottom();
    this.atBottom = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM;
    this.jump.hidden = scrollHeight - scrollTop - clientHeight < FAR_FROM_BOTTOM;
    if (this.atBottom) this.#read();
    if (scrollTop < 120 && !this.complete) this.room.attempt(this.#older());
  }

  async #older() {
    if (this.fetching) return;
    this.fetching = true;
    try {
      const { world, api } = this.room;
      const channel = this.channel;
      const oldest = world.timelines.get(channel)?.find((message) => !isEphemeral(message));
      const older = oldest ? await api.messages(channel, oldest.id) : [];
      if (channel !== this.channel) return;
      this.complete = older.length < PAGE;
      world.prepend(channel, older);
      const fromBottom = this.scroller.scrollHeight - this.scroller.scrollTop;
      this.draw();
      this.scroller.scrollTop = this.scroller.scrollHeight - fromBottom;
    } finally {
      this.fetching = false;
    }
  }

  /** @param {string} id */
  async #jumpTo(id) {
    while (!this.#row(id) && !this.complete) {
      const before = this.room.world.timelines.get(this.channel)?.length;
      await this.#older();
      if (before === this.room.world.timelines.get(this.channel)?.length) break;
    }
    const row = this.#row(id);
    if (!row) return this.room.say('That message is not here any more.');
    this.atBottom = false;
    row.scrollIntoView({ block: 'center' });
    row.classList.add('pointed-at');
    row.addEventListener('animationend', () => row.classList.remove('pointed-at'), { once: true });
    row.focus({ preventScroll: true });
  }

  #read() {
    if (this.atBottom && document.visibilityState === 'visible') this.room.world.markRead(this.channel);
  }

  /** @returns {{id: string, key: string | undefined} | null} what has the focus in the list */
  #focused() {
    const node = /** @type {HTMLElement | null} */ (document.activeElement);
    const row = /** @type {HTMLElement | null | undefined} */ (node?.closest('.message'));
    if (!node || !row || !this.list.contains(row)) return null;
    return { id: row.dataset.id ?? '', key: node === row ? undefined : node.dataset.key };
  }

  /** @param {{id: string, key: string | undefined} | null} kept */
  #refocus(kept) {
    const row = kept && this.#row(kept.id);
    if (!row) return;
    const control = kept.key && row.querySelector(`[data-key="${CSS.escape(kept.key)}"]:not(:disabled)`);
    /** @type {HTMLElement} */ (control || row).focus({ preventScroll: true });
  }

  /**
   * Up and Down walk from message to message, Right and Left through a message's tools; Escape
   * goes back, to the message and then to the message box.
   * @param {KeyboardEvent} event
   */
  #walk(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    const row = /** @type {HTMLElement | null} */ (target.closest('.message'));
    const inTools = target.closest('.toolbar');
    if (!row || !(target === row || inTools || event.key === 'Escape')) return;
    const rows = [...this.list.querySelectorAll('.message')];
    const tools = [...row.querySelectorAll('.toolbar button')];
    const to = {
      ArrowDown: () => rows[rows.indexOf(row) + 1] ?? this.room.composer,
      ArrowUp: () => rows[rows.indexOf(row) - 1],
      ArrowRight: () => tools[tools.indexOf(target) + 1],
      ArrowLeft: () => tools[tools.indexOf(target) - 1] ?? row,
      Escape: () => (target === row ? this.room.composer : row),
    }[event.key];
    if (!to) return;
    event.preventDefault();
    /** @type {HTMLElement | undefined} */ (to())?.focus();
  }

  focusNewest() {
    const rows = this.list.querySelectorAll('.message');
    /** @type {HTMLElement | undefined} */ (rows[rows.length - 1])?.focus();
  }
}

/** @param {any} message */
function day(message) {
  return startOfDay(new Date(message.timestamp));
}

/** @param {any} message @param {any} above */
function follows(message, above) {
  if (!above || message.type !== 0 || ![0, 19, 20].includes(above.type) || isEphemeral(above)) return false;
  const gap = Date.parse(message.timestamp) - Date.parse(above.timestamp);
  return above.author.id === message.author.id && above.author.username === message.author.username && gap < SAME_BREATH;
}

/** @param {string} text @param {string} [className] */
function divider(text, className = '') {
  return el('div', { class: `divider ${className}`, role: 'separator', 'aria-label': text }, el('span', {}, text));
}

/**
 * Makes `nodes` the children of `home`, moving as few as possible: a node that stays keeps its
 * focus, its selection and its scroll position.
 * @param {Element} home @param {Node[]} nodes
 */
function settleInto(home, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...home.childNodes]) if (!wanted.has(child)) child.remove();
  let at = home.firstChild;
  for (const node of nodes) {
    if (node === at) at = at.nextSibling;
    else home.insertBefore(node, at);
  }
}
