/** The message box: words, replies, and the way into slash commands. */

import { el, icon, replace } from './dom.js';
import { CommandForm } from './command_form.js';
import { entriesOf, fitting } from './commands.js';
import { authorOf } from './message.js';
import { Listbox } from './popup.js';
import { shownName, writtenName } from './world.js';

/** @typedef {import('./room.js').Room} Room */

export class Composer {
  /** @param {HTMLElement} home @param {Room} room */
  constructor(home, room) {
    this.room = room;
    this.home = home;
    this.channel = '';
    this.mayWrite = true;
    /** @type {any} the message being replied to */
    this.replying = null;
    /** @type {CommandForm | null} */
    this.form = null;
    /** @type {import('./commands.js').Entry[] | null} what the person was last offered here */
    this.entries = null;
    /** @type {Promise<void> | null} the question for it, while a command is typed */
    this.learning = null;
    /** @type {Map<string, string>} channel -> what was typed there */
    this.drafts = new Map();
    this.list = new Listbox({ label: 'Commands', onChoose: (item) => this.#command(item.value), empty: 'No command fits' });
    this.input = el('textarea', {
      id: 'composer-input', class: 'composer-input', rows: 1, maxlength: 2000, autocomplete: 'off', spellcheck: 'true',
      role: 'combobox', 'aria-haspopup': 'listbox', 'aria-expanded': false, 'aria-autocomplete': 'list',
    });
    this.sendButton = el('button', { type: 'submit', class: 'send', 'aria-label': 'Send the message', title: 'Send' }, icon('send'));
    this.slash = el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Commands', title: 'Commands ( / )', on: { click: () => this.startCommand() } }, icon('slash'));
    this.replyLine = el('div', { class: 'reply-line', hidden: true });
    this.box = el('form', { class: 'composer-box', 'aria-label': 'Write a message' }, this.slash, this.input, this.sendButton);
    this.holder = el('div', { class: 'composer-holder' }, this.box);
    this.typing = el('p', { class: 'typing faint', 'aria-live': 'off' });
    replace(home, this.replyLine, this.holder, this.typing);
    this.#listen();
    setInterval(() => this.drawTyping(), 1000);
  }

  #listen() {
    this.input.addEventListener('input', () => this.#typed());
    this.input.addEventListener('focus', () => this.#typed());
    this.input.addEventListener('blur', () => this.list.hide());
    this.input.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => this.#key(event));
    this.box.addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      this.room.attempt(this.#send());
    });
  }

  /** @param {any} channel */
  open(channel) {
    if (this.channel) this.drafts.set(this.channel, this.input.value);
    const isOther = this.channel !== channel.id;
    this.channel = channel.id;
    this.mayWrite = this.room.world.mayWrite(channel.id);
    this.input.setAttribute('aria-label', `Message ${writtenName(channel)}`);
    this.input.placeholder = this.mayWrite ? `Message ${writtenName(channel)}, or / for commands` : 'You may not write here; / for commands';
    if (!isOther) return;
    this.entries = null;
    this.learning = null;
    this.form?.close('');
    this.reply(null);
    this.input.value = this.drafts.get(channel.id) ?? '';
    this.#grow();
  }

  focus() {
    if (this.form) this.form.focus();
    else this.input.focus();
  }

  startCommand() {
    this.input.value = '/';
    this.input.focus();
    this.#typed();
  }

  /** @param {any} message null ends the reply */
  reply(message) {
    this.replying = message;
    this.replyLine.hidden = !message;
    if (!message) return;
    replace(
      this.replyLine,
      icon('reply'), el('span', { class: 'clip' }, 'Replying to ', el('b', {}, authorOf(message, this.room).name)),
      el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Cancel the reply', on: { click: () => { this.reply(null); this.input.focus(); } } }, icon('close')),
    );
    this.input.focus();
  }

  #typed() {
    this.#grow();
    const text = this.input.value;
    if (!text.startsWith('/') || text.includes('\n')) {
      this.learning = null;
      return this.list.hide();
    }
    this.learning ??= this.#learn();
    const typed = text.slice(1);
    const exact = typed.endsWith(' ') && this.entries?.find((entry) => entry.name === typed.trimEnd());
    if (exact) return this.#command(exact);
    if (!this.entries) return;
    const items = fitting(this.entries, typed).map((entry) => ({
      value: entry, label: `/${entry.name}`, description: entry.description, section: entry.application,
    }));
    this.list.show(this.box, this.input, items);
  }

  /** A bot may have changed its commands at any time, so each `/` asks anew. */
  async #learn() {
    const channel = this.channel;
    const commands = await this.room.attempt(this.room.api.commands(channel));
    if (channel !== this.channel || !commands) return;
    this.entries = entriesOf(commands, this.room.world.applications);
    if (document.activeElement === this.input && this.learning) this.#typed();
  }

  #grow() {
    this.input.style.setProperty('height', 'auto');
    this.input.style.setProperty('height', `${Math.min(this.input.scrollHeight, 220)}px`);
    this.sendButton.hidden = !this.input.value.trim();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (this.list.key(event)) return;
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.box.requestSubmit();
    } else if (event.key === 'Escape' && this.replying) {
      this.reply(null);
    } else if (event.key === 'ArrowUp' && !this.input.value) {
      event.preventDefault();
      this.room.focusNewest();
    }
  }

  /** @param {import('./commands.js').Entry} entry */
  #command(entry) {
    this.list.hide();
    this.learning = null;
    this.form = new CommandForm(entry, {
      room: this.room,
      channel: this.channel,
      onClose: (text) => {
        const hadFocus = this.form?.node.contains(document.activeElement);
        this.form = null;
        replace(this.holder, this.box);
        this.input.value = text;
        if (hadFocus) this.input.focus();
        this.#grow();
      },
    });
    replace(this.holder, this.form.node);
    this.form.focus();
  }

  async #send() {
    const text = this.input.value.trim();
    if (!text) return;
    if (text.startsWith('/')) return this.#sendCommand(text);
    await this.room.api.write(this.channel, text, this.replying?.id);
    this.input.value = '';
    this.reply(null);
    this.#grow();
    this.room.toBottom();
  }

  /** Enter was pressed before the list came. @param {string} text */
  async #sendCommand(text) {
    await this.learning;
    const [entry] = fitting(this.entries ?? [], text.slice(1));
    if (entry && this.input.value.trim() === text) this.#command(entry);
    else this.room.say(`There is no command ${text} for you here.`);
  }

  drawTyping() {
    const now = Date.now();
    const names = (this.room.world.typing.get(this.channel) ?? [])
      .filter((each) => each.until > now)
      .map((each) => shownName(each.user));
    const text = names.length ? `${names.join(', ')} ${names.length > 1 ? 'are' : 'is'} typing…` : '';
    if (this.typing.textContent !== text) this.typing.textContent = text;
  }
}
