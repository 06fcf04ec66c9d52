/** One option of a slash command being filled in: typed, chosen, or suggested live by the bot. */

import { el, icon, newId } from './dom.js';
import { Listbox } from './popup.js';
import { channelsOf, peopleOf, rolesOf } from './select.js';
import { Refused } from './api.js';

const INTEGER = 4;
const BOOLEAN = 5;
const USER = 6;
const CHANNEL = 7;
const ROLE = 8;
const MENTIONABLE = 9;
const NUMBER = 10;
const ATTACHMENT = 11;
/** A bot is asked again only when the person pauses. */
const PAUSE = 120;

/** @typedef {import('./popup.js').Item} Item */

export class OptionField {
  /**
   * @param {any} spec Discord's option object
   * @param {{room: import('./room.js').Room, channel: string, suggest: (field: OptionField) => Promise<any[]>, onRemove: (() => void) | null}} setting
   */
  constructor(spec, setting) {
    this.spec = spec;
    this.setting = setting;
    /** @type {Item | null} what was chosen from a list */
    this.chosen = null;
    this.asked = 0;
    this.timer = 0;
    this.list = new Listbox({ label: `Choices for ${spec.name}`, onChoose: (item) => this.#choose(item), empty: spec.autocomplete ? 'No suggestions' : 'Nothing fits' });
    const id = newId('option');
    const hintId = newId('hint');
    this.input = this.#input(id, hintId);
    this.node = el(
      'div',
      { class: 'option' },
      el('label', { for: id }, spec.name, spec.required ? el('span', { class: 'required', 'aria-hidden': 'true' }, ' *') : null),
      this.input,
      el('span', { id: hintId, class: 'spoken' }, spec.description),
      setting.onRemove ? el('button', { type: 'button', class: 'option-remove', 'aria-label': `Remove ${spec.name}`, on: { click: setting.onRemove } }, icon('close')) : null,
    );
  }

  get hasList() {
    const { type, choices, autocomplete } = this.spec;
    return Boolean(choices?.length || autocomplete) || [BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE].includes(type);
  }

  /** @param {string} id @param {string} hintId */
  #input(id, hintId) {
    if (this.spec.type === ATTACHMENT) return el('input', { id, type: 'file', class: 'option-input', 'aria-describedby': hintId });
    const isNumber = this.spec.type === INTEGER || this.spec.type === NUMBER;
    const input = el('input', {
      id,
      class: 'option-input',
      type: 'text',
      inputmode: isNumber && !this.hasList ? 'decimal' : null,
      autocomplete: 'off',
      spellcheck: 'false',
      placeholder: this.spec.description,
      'aria-describedby': hintId,
      'aria-required': Boolean(this.spec.required),
      role: this.hasList ? 'combobox' : null,
      'aria-autocomplete': this.hasList ? 'list' : null,
      'aria-expanded': this.hasList ? false : null,
    });
    input.addEventListener('input', () => {
      this.chosen = null;
      this.markWrong('');
      if (this.spec.autocomplete && this.list.isOpen) this.#show(this.#fitting(this.list.items));
      this.#offer();
    });
    input.addEventListener('focus', () => this.#offer());
    input.addEventListener('blur', () => this.list.hide());
    return input;
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was for this field's list */
  key(event) {
    if (event.key === 'Tab' && this.list.activeItem && !event.shiftKey && !this.chosen && this.input.value) {
      this.#choose(this.list.activeItem);
      return false; // and on to the next field
    }
    if (event.key === 'Tab') return false;
    if (event.key === 'ArrowDown' && this.hasList && !this.list.isOpen) this.#offer();
    return this.list.key(event);
  }

  /** @param {Item} item */
  #choose(item) {
    this.chosen = item;
    this.input.value = item.label;
    this.list.hide();
    this.markWrong('');
  }

  #offer() {
    if (!this.hasList) return;
    window.clearTimeout(this.timer);
    if (this.spec.autocomplete) this.timer = window.setTimeout(() => this.#suggest(), this.asked ? PAUSE : 0);
    else this.#show(this.#items());
  }

  async #suggest() {
    this.asked += 1;
    const turn = this.asked;
    const typed = this.input.value;
    try {
      const choices = await this.setting.suggest(this);
      if (turn !== this.asked || document.activeElement !== this.input || this.chosen) return;
      const items = choices.map((choice) => ({ value: choice.value, label: choice.name }));
      this.#show(typed === this.input.value ? items : this.#fitting(items));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.markWrong(error.message);
    }
  }

  /**
   * Until the bot answers to what is typed now, of its last choices only what fits: Enter must
   * not choose another one.
   * @param {Item[]} items @returns {Item[]}
   */
  #fitting(items) {
    const typed = this.input.value.toLowerCase();
    return items.filter((item) => item.label.toLowerCase().includes(typed));
  }

  /** @param {Item[]} items */
  #show(items) {
    this.list.show(this.input, this.input, items, this.input.value || this.spec.required ? 0 : -1);
  }

  /** @returns {Item[]} local choices that fit what is typed */
  #items() {
    const { room, channel } = this.setting;
    const guild = room.guildOf(channel);
    const { type, choices, channel_types: types } = this.spec;
    const all = choices?.length
      ? choices.map((/** @type {any} */ choice) => ({ value: choice.value, label: choice.name }))
      : type === BOOLEAN
        ? [{ value: true, label: 'True' }, { value: false, label: 'False' }]
        : [
            ...(type === USER || type === MENTIONABLE ? peopleOf(guild) : []),
            ...(type === ROLE || type === MENTIONABLE ? rolesOf(guild) : []),
            ...(type === CHANNEL ? channelsOf(room.world, guild, types) : []),
          ];
    const typed = this.chosen ? '' : this.input.value.toLowerCase();
    return all.filter((/** @type {Item} */ item) => item.label.toLowerCase().includes(typed)).slice(0, 25);
  }

  /** @returns {boolean} */
  get isEmpty() {
    return this.input.value.trim() === '';
  }

  /**
   * @returns {any} as the page's API takes it; undefined when empty
   * @throws {Error} with words for the person
   */
  value() {
    const text = this.input.value.trim();
    if (this.spec.type === ATTACHMENT) return this.input.files[0];
    if (!text) {
      if (this.spec.required) throw new Error(`${this.spec.name} is required`);
      return undefined;
    }
    if (this.chosen) return this.chosen.value;
    if (this.spec.type === INTEGER || this.spec.type === NUMBER) return this.#number(text);
    if (!this.hasList || this.spec.autocomplete) return text;
    const only = this.#items().filter((item) => item.label.toLowerCase() === text.toLowerCase());
    if (only.length !== 1) throw new Error(`${this.spec.name}: choose one of the list`);
    return only[0].value;
  }

  /** @param {string} text */
  #number(text) {
    const number = Number(text);
    if (!Number.isFinite(number) || (this.spec.type === INTEGER && !Number.isInteger(number))) {
      throw new Error(`${this.spec.name}: a ${this.spec.type === INTEGER ? 'whole ' : ''}number, please`);
    }
    return number;
  }

  /** @param {string} reason empty when all is well */
  markWrong(reason) {
    this.node.classList.toggle('wrong', Boolean(reason));
    this.input.setAttribute('aria-invalid', String(Boolean(reason)));
  }
}
