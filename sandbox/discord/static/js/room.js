/** Joins the parts: one person, one open channel, the stream of events. */

import { Api, Refused } from './api.js';
import { Composer } from './composer.js';
import { el, icon, recall, remember, replace } from './dom.js';
import { drawForum } from './forum.js';
import { pathOf, placeOf } from './links.js';
import { inlineMarkdown } from './markdown_view.js';
import { openModal } from './modal.js';
import { notice } from './notices.js';
import { drawPanels } from './panels.js';
import { drawPeople } from './people.js';
import { drawChannels, drawServers, firstChannel, iconOf } from './sidebar.js';
import { Timeline } from './timeline.js';
import { FORUM, shownName, THREADS, World, writtenName } from './world.js';

/** @typedef {import('./links.js').Place} Place */

/** @param {string} id @returns {any} */
const byId = (id) => document.getElementById(id);
const REFRESH_PAUSE = 80;

export class Room {
  /** @param {Api} api @param {any} state @param {HTMLElement} themeButton */
  constructor(api, state, themeButton) {
    this.api = api;
    this.world = new World(state);
    /** @type {Place | null} */
    this.place = null;
    this.themeButton = themeButton;
    this.refreshTimer = 0;
    this.timeline = new Timeline(byId('timeline'), byId('announcer'), this);
    this.composer = new Composer(byId('composer'), this);
    this.#watch();
    this.stop = api.listen(state.cursor, {
      dispatch: (event) => this.world.apply(event) || this.#refreshSoon(),
      resync: () => this.attempt(this.resync()),
      online: (is) => { byId('offline').hidden = is; },
    });
  }

  #watch() {
    this.world.addEventListener('message', (event) => {
      const { channel, message, isNew } = /** @type {CustomEvent} */ (event).detail;
      if (channel === this.place?.channel) this.timeline.changed({ message, isNew });
      if (isNew) this.#drawSides();
    });
    this.world.addEventListener('gone', (event) => {
      const { channel, ids } = /** @type {CustomEvent} */ (event).detail;
      if (channel === this.place?.channel) this.timeline.gone(ids);
    });
    this.world.addEventListener('read', () => this.#drawSides());
    this.world.addEventListener('typing', () => this.composer.drawTyping());
  }

  // --- where we are ----------------------------------------------------------------------------

  /** Opens what the address bar says, or the first channel. */
  async openAddress() {
    await this.open(placeOf(location.href) ?? this.#home());
  }

  /** @returns {Place | null} */
  #home() {
    const guild = this.world.guilds[0];
    const channel = guild && firstChannel(guild);
    return channel ? { guild: guild.id, channel: channel.id, message: null } : null;
  }

  /** @param {Place} place */
  async go(place) {
    history.pushState(null, '', this.#address(place));
    this.#drawer(null);
    await this.open(place);
  }

  /** @param {Place} place */
  #address(place) {
    return `${pathOf(place)}?as=${encodeURIComponent(this.api.person)}`;
  }

  /** @param {Place | null} place */
  async open(place) {
    const channel = place && this.world.channels.get(place.channel);
    if (!place || !channel) return this.#nowhere(Boolean(place));
    this.place = { ...place, guild: channel.guild_id };
    document.title = `${writtenName(channel)} · ${this.world.me.global_name ?? this.world.me.username}`;
    const isForum = channel.type === FORUM;
    byId('timeline').hidden = isForum;
    byId('composer').hidden = isForum;
    byId('forum').hidden = !isForum;
    this.draw();
    if (isForum) return this.world.markRead(channel.id);
    this.composer.open(channel);
    await this.timeline.open(channel.id, place.message);
  }

  /** @param {boolean} hidden whether there was a place, which this person does not see */
  #nowhere(hidden) {
    this.place = null;
    this.draw();
    for (const id of ['timeline', 'composer']) byId(id).hidden = true;
    byId('forum').hidden = false;
    replace(byId('forum'), el('div', { class: 'empty' },
      el('h2', {}, hidden ? 'You do not see this channel' : 'Nothing here yet'),
      el('p', {}, hidden ? 'It is gone, or your roles do not open it. Choose another channel, or another person.' : 'This person sees no channel at all.')));
  }

  // --- drawing ---------------------------------------------------------------------------------

  draw() {
    this.#drawSides();
    drawPeople(byId('people'), this);
    this.#drawTop();
    const channel = this.world.channels.get(this.place?.channel ?? '');
    if (channel?.type === FORUM) drawForum(byId('forum'), channel, this);
  }

  #drawSides() {
    const kept = /** @type {HTMLElement | null} */ (document.activeElement)?.getAttribute('href');
    const within = byId('sidebar').contains(document.activeElement);
    drawServers(byId('rail'), this);
    drawChannels(byId('channels'), this);
    if (within && kept) byId('channels').querySelector(`a[href="${CSS.escape(kept)}"]`)?.focus();
  }

  #drawTop() {
    const channel = this.world.channels.get(this.place?.channel ?? '');
    const parent = channel && THREADS.has(channel.type) ? this.world.channels.get(channel.parent_id) : null;
    replace(
      byId('topbar'),
      this.#toggle('menu', 'Channels', () => this.#drawer('sidebar'), 'only-narrow'),
      channel ? el('div', { class: 'place' },
        parent ? el('a', { class: 'place-parent', href: pathOf({ guild: parent.guild_id, channel: parent.id, message: null }), data: { place: '' } }, icon(iconOf(parent)), parent.name, icon('right')) : null,
        el('h2', { class: 'place-name' }, icon(iconOf(channel)), el('span', { class: 'clip' }, channel.name)),
        channel.topic ? el('p', { class: 'topic clip', title: channel.topic }, inlineMarkdown(channel.topic, this.names(channel.id))) : null) : el('div', { class: 'place' }),
      this.themeButton,
      this.panels?.length ? this.#toggle('panel', 'Things to try', () => this.togglePanels(), '') : null,
    );
  }

  /** @param {'menu' | 'panel'} name @param {string} label @param {() => void} act @param {string} extra */
  #toggle(name, label, act, extra) {
    return el('button', { type: 'button', class: `icon-button ${extra}`, 'aria-label': label, title: label, on: { click: act } }, icon(name));
  }

  /** @param {'sidebar' | 'panels' | null} which drawer is open on a narrow screen */
  #drawer(which) {
    const app = byId('app');
    app.dataset.drawer = which && app.dataset.drawer !== which ? which : '';
    if (app.dataset.drawer) byId(app.dataset.drawer).querySelector('a, button')?.focus();
  }

  /** @param {boolean} [open] */
  togglePanels(open) {
    const app = byId('app');
    if (matchMedia('(max-width: 1160px)').matches) return this.#drawer(open === false ? null : 'panels');
    const isOpen = open ?? app.dataset.panels === 'closed';
    app.dataset.panels = isOpen ? 'open' : 'closed';
    remember('panels', app.dataset.panels);
  }

  async loadPanels() {
    this.panels = await this.api.panels();
    byId('app').dataset.panels = this.panels.length ? recall('panels') ?? 'open' : 'none';
    drawPanels(byId('panels'), this.panels, this);
    this.#drawTop();
  }

  // --- staying true ----------------------------------------------------------------------------

  #refreshSoon() {
    window.clearTimeout(this.refreshTimer);
    this.refreshTimer = window.setTimeout(() => this.attempt(this.#refresh()), REFRESH_PAUSE);
  }

  async #refresh() {
    this.world.take(await this.api.state());
    const channel = this.world.channels.get(this.place?.channel ?? '');
    if (this.place && !channel) return this.open(this.place);
    this.draw();
    if (!channel || channel.type === FORUM) return;
    this.composer.open(channel);
    this.timeline.draw(true);
  }

  /** The stream has a gap, or is another server's: ask for everything again. */
  async resync() {
    this.world.take(await this.api.state());
    this.world.timelines.clear();
    await this.open(this.place ?? this.#home());
    await this.loadPanels();
  }

  // --- what parts ask for ----------------------------------------------------------------------

  /** @param {string} channel @returns {any} */
  guildOf(channel) {
    const id = this.world.channels.get(channel)?.guild_id;
    return this.world.guilds.find((/** @type {any} */ guild) => guild.id === id);
  }

  /** @param {string} channelId @returns {import('./markdown_view.js').Names} */
  names(channelId) {
    const { world } = this;
    const guild = this.guildOf(channelId);
    const mine = guild ? world.myRoles(guild.id) : [];
    return {
      user: (id) => {
        const user = world.users.get(id);
        return user ? { name: shownName(user, world.members.get(`${guild?.id}/${id}`)), isMe: id === world.me.id } : null;
      },
      role: (id) => {
        const role = world.roles.get(id);
        return role ? { name: role.name.replace(/^@/, ''), color: role.color, isMine: mine.includes(id) } : null;
      },
      channel: (id) => {
        const channel = world.channels.get(id);
        return channel ? { name: channel.name, guild: channel.guild_id } : null;
      },
    };
  }

  /** @param {any} body @returns {Promise<import('./api.js').Reply>} */
  async interact(body) {
    const reply = await this.api.interact(body);
    if (reply.modal) openModal(reply.modal, this, body.channel_id);
    return reply;
  }

  /** @param {string} what the command nobody answered */
  unanswered(what) {
    this.say(`${what}: The application did not respond`);
  }

  /** @param {any} message an ephemeral one */
  dismiss(message) {
    return this.attempt(this.api.dismiss(message));
  }

  /** @param {any} message */
  replyTo(message) {
    this.composer.reply(message);
  }

  /** @param {any} message */
  async copyLink(message) {
    const guild = this.guildOf(message.channel_id)?.id ?? '@me';
    const path = pathOf({ guild, channel: message.channel_id, message: message.id });
    await navigator.clipboard.writeText(location.origin + path);
    this.say('Link copied');
  }

  focusComposer() {
    this.composer.focus();
  }

  focusNewest() {
    this.timeline.focusNewest();
  }

  toBottom() {
    this.timeline.toBottom();
  }

  /** @param {string} username */
  become(username) {
    remember('person', username);
    const place = this.place ? pathOf({ ...this.place, message: null }) : '/';
    location.assign(`${place}?as=${encodeURIComponent(username)}`);
  }

  /** @param {string} text */
  say(text) {
    notice(byId('notices'), text);
  }

  /**
   * Waits for a piece of work; what the stand-in refuses is said to the person.
   * @template T
   * @param {Promise<T>} work
   * @returns {Promise<T | undefined>}
   */
  async attempt(work) {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.say(error.message);
      return undefined;
    }
  }
}
