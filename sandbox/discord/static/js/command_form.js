/** A chosen slash command and its options, in the place of the message box. */

import { el, icon, replace } from './dom.js';
import { OptionField } from './option_field.js';

/** @typedef {import('./room.js').Room} Room */

export class CommandForm {
  /**
   * @param {import('./commands.js').Entry} entry
   * @param {{room: Room, channel: string, onClose: (text: string) => void}} setting
   */
  constructor(entry, { room, channel, onClose }) {
    this.entry = entry;
    this.room = room;
    this.channel = channel;
    this.onClose = onClose;
    /** @type {OptionField[]} */
    this.fields = [];
    this.fieldsNode = el('div', { class: 'options' });
    this.moreNode = el('div', { class: 'option-more' });
    this.problem = el('p', { class: 'form-error', role: 'alert', hidden: true });
    this.send = el('button', { type: 'submit', class: 'send', 'aria-label': `Send /${entry.name}` }, icon('send'));
    this.node = el(
      'form',
      { class: 'command-form', 'aria-label': `Command /${entry.name}`, tabindex: '-1' },
      el('div', { class: 'command-head' }, el('b', { class: 'command-name' }, `/${entry.name}`), el('span', { class: 'faint clip' }, entry.description),
        el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Cancel the command', on: { click: () => this.close('') } }, icon('close'))),
      el('div', { class: 'command-line' }, this.fieldsNode, this.moreNode, this.send),
      this.problem,
    );
    this.node.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => this.#key(event));
    this.node.addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      room.attempt(this.#submit());
    });
    for (const spec of entry.options.filter((option) => option.required)) this.#add(spec);
    this.#drawMore();
  }

  focus() {
    (this.fields[0]?.input ?? this.moreNode.querySelector('button') ?? this.send).focus();
  }

  /** @param {string} text what the message box holds afterwards */
  close(text) {
    for (const field of this.fields) field.list.hide();
    this.onClose(text);
  }

  /** @param {any} spec @returns {OptionField} */
  #add(spec) {
    const field = new OptionField(spec, {
      room: this.room,
      channel: this.channel,
      suggest: (typing) => this.#suggest(typing),
      onRemove: spec.required ? null : () => this.#remove(field),
    });
    this.fields.push(field);
    this.fieldsNode.appendChild(field.node);
    return field;
  }

  /** @param {OptionField} field */
  #remove(field) {
    field.list.hide();
    field.node.remove();
    this.fields = this.fields.filter((each) => each !== field);
    this.#drawMore();
    this.focus();
  }

  #drawMore() {
    const used = new Set(this.fields.map((field) => field.spec.name));
    const rest = this.entry.options.filter((option) => !used.has(option.name));
    replace(this.moreNode, rest.map((spec) => el('button', {
      type: 'button', class: 'option-add', title: spec.description, 'aria-label': `Add the option ${spec.name}: ${spec.description}`,
      on: { click: () => { const field = this.#add(spec); this.#drawMore(); field.input.focus(); } },
    }, `+ ${spec.name}`)));
  }

  /** @param {OptionField} typing */
  async #suggest(typing) {
    const options = /** @type {Record<string, any>} */ ({});
    for (const field of this.fields) {
      if (field !== typing && !field.isEmpty && field.chosen) options[field.spec.name] = field.value();
    }
    const answer = await this.room.api.autocomplete({
      channel_id: this.channel, name: this.entry.name, option: typing.spec.name, typed: typing.input.value, options,
    });
    return answer.choices;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const field = this.fields.find((each) => each.input === event.target);
    if (field?.key(event)) return;
    if (event.key === 'Escape') {
      event.preventDefault();
      this.close('');
    } else if (event.key === 'Backspace' && field && field === this.fields[0] && field.isEmpty) {
      event.preventDefault();
      this.close(`/${this.entry.name}`);
    } else if (event.key === 'Enter' && field) {
      event.preventDefault();
      this.node.requestSubmit();
    }
  }

  /** @returns {Promise<Record<string, any> | null>} null when something is missing or wrong */
  async #values() {
    const values = /** @type {Record<string, any>} */ ({});
    for (const field of this.fields) {
      try {
        const value = field.value();
        if (value !== undefined) values[field.spec.name] = value instanceof File ? await encoded(value) : value;
      } catch (error) {
        field.markWrong(/** @type {Error} */ (error).message);
        field.input.focus();
        this.#complain(/** @type {Error} */ (error).message);
        return null;
      }
    }
    return values;
  }

  /** @param {string} text */
  #complain(text) {
    this.problem.hidden = false;
    replace(this.problem, text);
  }

  async #submit() {
    if (this.send.getAttribute('aria-busy') === 'true') return;
    const options = await this.#values();
    if (!options) return;
    this.send.setAttribute('aria-busy', 'true');
    try {
      const body = { kind: 'command', channel_id: this.channel, name: this.entry.name, options };
      const reply = this.room.interact(body);
      this.close('');
      this.room.toBottom();
      if ((await reply).failed) this.room.unanswered(`/${this.entry.name}`);
    } finally {
      this.send.removeAttribute('aria-busy');
    }
  }
}

/** @param {File} file @returns {Promise<{filename: string, base64: string}>} */
async function encoded(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return { filename: file.name, base64: btoa(text) };
}
