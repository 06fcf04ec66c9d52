/** Forms a bot opens: text inputs, and menus in labels. */

import { el, icon, newId, replace } from './dom.js';
import { selectView } from './select.js';

/** @typedef {import('./room.js').Room} Room */

const ACTION_ROW = 1;
const TEXT_INPUT = 4;
const SELECTS = new Set([3, 5, 6, 7, 8]);
const TEXT = 10;
const LABEL = 18;
const PARAGRAPH = 2;

/**
 * @param {any} modal Discord's object: custom_id, title, components
 * @param {Room} room
 * @param {string} channel where it was opened
 */
export function openModal(modal, room, channel) {
  const titleId = newId('modal');
  const error = el('p', { class: 'form-error', role: 'alert', hidden: true });
  const send = el('button', { type: 'submit', class: 'button button-primary' }, 'Submit');
  const close = () => dialog.close();
  const form = el(
    'form',
    { method: 'dialog', class: 'modal-form' },
    el('header', { class: 'modal-head' },
      el('h2', { id: titleId }, modal.title),
      el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', on: { click: close } }, icon('close'))),
    el('div', { class: 'modal-fields' }, modal.components.map((/** @type {any} */ each) => fieldOf(each, room, channel))),
    error,
    el('footer', { class: 'modal-foot' },
      el('button', { type: 'button', class: 'button button-secondary', on: { click: close } }, 'Cancel'), send),
  );
  const dialog = el('dialog', { class: 'modal', 'aria-labelledby': titleId }, form);
  form.addEventListener('submit', async (/** @type {Event} */ event) => {
    event.preventDefault();
    send.setAttribute('aria-busy', 'true');
    const problem = await submit(room, channel, modal, valuesOf(form));
    send.removeAttribute('aria-busy');
    if (problem === null) return close();
    error.hidden = false;
    replace(error, problem);
  });
  form.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.appendChild(dialog);
  dialog.showModal();
  form.querySelector('input, textarea, .select')?.focus();
}

/** @param {Room} room @param {string} channel @param {any} modal @param {Record<string, any>} values @returns {Promise<string | null>} what went wrong */
async function submit(room, channel, modal, values) {
  try {
    const reply = await room.interact({ kind: 'submit', channel_id: channel, custom_id: modal.custom_id, values });
    return reply.failed ? 'Something went wrong: the application did not respond. Try again.' : null;
  } catch (error) {
    return /** @type {Error} */ (error).message;
  }
}

/** @param {HTMLFormElement} form @returns {Record<string, any>} custom_id -> text, or chosen values */
function valuesOf(form) {
  const values = /** @type {Record<string, any>} */ ({});
  for (const node of form.querySelectorAll('[data-key]')) {
    const field = /** @type {any} */ (node);
    values[field.dataset.key] = field.dataset.values === undefined ? field.value : JSON.parse(field.dataset.values);
  }
  return values;
}

/** @param {any} component @param {Room} room @param {string} channel @returns {Node} */
function fieldOf(component, room, channel) {
  if (component.type === TEXT) return el('p', { class: 'faint' }, component.content);
  if (component.type === LABEL) return labelled(component.label, component.description, component.component, room, channel);
  if (component.type === ACTION_ROW) return el('div', {}, component.components.map((/** @type {any} */ each) => labelled(each.label, null, each, room, channel)));
  return el('p', { class: 'form-error' }, `A form part of type ${component.type} is not shown here.`);
}

/** @param {string} label @param {string | null | undefined} hint @param {any} input @param {Room} room @param {string} channel */
function labelled(label, hint, input, room, channel) {
  const [id, labelId, hintId] = [newId('field'), newId('label'), newId('hint')];
  const required = input.required !== false;
  const control = inputOf(input, { id, labelId, hintId: hint ? hintId : null, required, room, channel });
  return el(
    'div',
    { class: 'field' },
    el('label', { id: labelId, for: id }, label, required ? el('span', { class: 'required', title: 'Required' }, ' *') : null),
    hint ? el('p', { id: hintId, class: 'hint' }, hint) : null,
    control,
    input.type === TEXT_INPUT && input.max_length ? counter(control, input.max_length) : null,
  );
}

/** @param {any} input @param {any} setting @returns {HTMLElement} */
function inputOf(input, { id, labelId, hintId, required, room, channel }) {
  if (SELECTS.has(input.type)) {
    const node = selectView(input, { world: room.world, guild: room.guildOf(channel), onChange: () => undefined, labelledBy: labelId });
    node.id = id;
    return node;
  }
  if (input.type !== TEXT_INPUT) return el('p', { id, class: 'form-error' }, `A field of type ${input.type} is not shown here.`);
  const isLong = input.style === PARAGRAPH;
  return el(isLong ? 'textarea' : 'input', {
    id,
    class: 'input',
    type: isLong ? null : 'text',
    rows: isLong ? 5 : null,
    required,
    'aria-describedby': hintId,
    minlength: input.min_length || null,
    maxlength: input.max_length ?? 4000,
    placeholder: input.placeholder,
    value: input.value ?? '',
    autocomplete: 'off',
    data: { key: input.custom_id },
  });
}

/** @param {any} control @param {number} most */
function counter(control, most) {
  const node = el('span', { class: 'counter', 'aria-hidden': 'true' });
  const draw = () => replace(node, `${control.value.length} / ${most}`);
  control.addEventListener('input', draw);
  draw();
  return node;
}
