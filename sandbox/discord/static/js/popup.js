/**
 * A popup beside its anchor, and a listbox in it: the one list of the page, for commands,
 * choices, autocomplete, select menus and people.
 */

import { el, icon, newId, replace } from './dom.js';

const GAP = 6;
const EDGE = 8;

/**
 * Puts a popup in the top layer, above or below its anchor.
 * @param {HTMLElement} popup @param {HTMLElement} anchor
 */
export function showBeside(popup, anchor) {
  // Outside an open dialog everything is inert, so the popup of a dialog's field lives inside.
  const home = anchor.closest('dialog') ?? document.body;
  if (popup.parentElement !== home) home.appendChild(popup);
  popup.setAttribute('popover', 'manual');
  if (!popup.matches(':popover-open')) popup.showPopover();
  const place = anchor.getBoundingClientRect();
  const below = window.innerHeight - place.bottom;
  const above = place.top;
  const up = below < Math.min(320, popup.scrollHeight + GAP) && above > below;
  const width = Math.min(window.innerWidth - 2 * EDGE, Math.max(place.width, 320));
  const left = Math.min(Math.max(EDGE, place.left), window.innerWidth - width - EDGE);
  const style = popup.style;
  style.setProperty('width', `${width}px`);
  style.setProperty('left', `${left}px`);
  style.setProperty('max-height', `${Math.min(360, (up ? above : below) - GAP - EDGE)}px`);
  style.setProperty('top', up ? 'auto' : `${place.bottom + GAP}px`);
  style.setProperty('bottom', up ? `${window.innerHeight - place.top + GAP}px` : 'auto');
}

/**
 * @typedef {{value: any, label: string, description?: string, mark?: Node | null,
 *            selected?: boolean, section?: string}} Item
 */

export class Listbox {
  /**
   * @param {{label: string, onChoose: (item: Item) => void, multiple?: boolean, empty?: string}} options
   */
  constructor({ label, onChoose, multiple = false, empty = 'Nothing fits' }) {
    this.id = newId('list');
    this.onChoose = onChoose;
    this.multiple = multiple;
    this.emptyText = empty;
    /** @type {Item[]} */
    this.items = [];
    this.active = -1;
    /** @type {HTMLElement | null} */
    this.anchor = null;
    this.node = el('div', { class: 'popup' });
    this.list = el('div', { id: this.id, class: 'listbox', role: 'listbox', 'aria-label': label, 'aria-multiselectable': multiple || null });
    this.node.appendChild(this.list);
    // Choosing must not take the focus away from the field that is being filled.
    this.node.addEventListener('mousedown', (/** @type {Event} */ event) => event.preventDefault());
  }

  get isOpen() {
    return this.node.isConnected && this.node.matches(':popover-open');
  }

  /** @returns {Item | undefined} */
  get activeItem() {
    return this.isOpen ? this.items[this.active] : undefined;
  }

  /**
   * @param {HTMLElement} anchor the element the popup stands beside
   * @param {HTMLElement} owner the element that keeps the focus (combobox or button)
   * @param {Item[]} items
   * @param {number} [active] index, -1 for none
   */
  show(anchor, owner, items, active = 0) {
    this.anchor = anchor;
    this.owner = owner;
    this.items = items;
    this.#draw();
    showBeside(this.node, anchor);
    owner.setAttribute('aria-expanded', 'true');
    owner.setAttribute('aria-controls', this.id);
    this.#activate(items.length ? Math.min(active, items.length - 1) : -1);
  }

  hide() {
    if (!this.isOpen) return;
    this.node.hidePopover();
    this.node.remove();
    this.owner?.setAttribute('aria-expanded', 'false');
    this.owner?.removeAttribute('aria-activedescendant');
  }

  #draw() {
    let section = '';
    const rows = this.items.flatMap((item, index) => {
      const head = item.section && item.section !== section ? [el('div', { class: 'list-section', role: 'presentation' }, item.section)] : [];
      section = item.section ?? section;
      return [...head, this.#row(item, index)];
    });
    replace(this.list, rows.length ? rows : el('div', { class: 'list-empty', role: 'presentation' }, this.emptyText));
  }

  /** @param {Item} item @param {number} index */
  #row(item, index) {
    return el(
      'div',
      {
        id: `${this.id}-${index}`,
        class: 'list-row',
        role: 'option',
        'aria-selected': Boolean(item.selected),
        on: { click: () => this.onChoose(item), mousemove: () => this.#activate(index) },
      },
      item.mark,
      el('span', { class: 'list-label' }, item.label),
      item.description ? el('span', { class: 'list-description' }, item.description) : null,
      item.selected ? icon('check') : null,
    );
  }

  /** @param {number} index */
  #activate(index) {
    if (index === this.active && index >= 0 && this.rows[index]?.classList.contains('active')) return;
    this.active = index;
    this.rows.forEach((row, at) => row.classList.toggle('active', at === index));
    const row = this.rows[index];
    if (row) {
      row.scrollIntoView({ block: 'nearest' });
      this.owner?.setAttribute('aria-activedescendant', row.id);
    } else {
      this.owner?.removeAttribute('aria-activedescendant');
    }
  }

  /** @returns {HTMLElement[]} */
  get rows() {
    return [...this.list.querySelectorAll('.list-row')];
  }

  /**
   * Arrow keys, Home and End move; Enter and Tab choose; Escape closes.
   * @param {KeyboardEvent} event
   * @returns {boolean} whether the key was for the list
   */
  key(event) {
    if (!this.isOpen) return false;
    const last = this.items.length - 1;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && last >= 0) this.#activate((this.active + step + last + 1) % (last + 1));
    else if (event.key === 'Home' && this.multiple) this.#activate(0);
    else if (event.key === 'End' && this.multiple) this.#activate(last);
    else if (event.key === 'Escape') this.hide();
    else if ((event.key === 'Enter' || event.key === 'Tab') && !event.shiftKey && this.activeItem) this.onChoose(this.activeItem);
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }
}
