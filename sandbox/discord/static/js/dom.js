/**
 * Builds DOM nodes. Text always arrives as text nodes: nothing here, or anywhere in the page,
 * parses HTML (the Content-Security-Policy forbids it too).
 */

const SVG = 'http://www.w3.org/2000/svg';
/** Set as properties, because the attribute of the same name is only the initial value. */
const PROPERTIES = new Set(['value', 'checked', 'disabled', 'hidden', 'selected', 'open']);

/**
 * @typedef {Node | string | number | null | undefined | false} Child
 * @typedef {Record<string, any>} Props  `class`, `on` ({event: listener}), `data` (dataset),
 *   `vars` (CSS custom properties), any attribute; null, undefined and false leave it out (but an
 *   `aria-` attribute says "false").
 */

/**
 * @param {string} tag
 * @param {Props} [props]
 * @param {...(Child | Child[])} children
 * @returns {any}
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProp(node, name, value);
  append(node, children);
  return node;
}

/** @param {HTMLElement} node @param {string} name @param {any} value */
function setProp(node, name, value) {
  if (value === null || value === undefined) return;
  if (name === 'on') {
    for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
  } else if (name === 'data') {
    for (const [key, text] of Object.entries(value)) node.dataset[key] = String(text);
  } else if (name === 'vars') {
    for (const [key, text] of Object.entries(value)) node.style.setProperty(key, String(text));
  } else if (PROPERTIES.has(name)) {
    /** @type {any} */ (node)[name] = value;
  } else if (name.startsWith('aria-')) {
    node.setAttribute(name, String(value));
  } else if (value !== false) {
    node.setAttribute(name, value === true ? '' : String(value));
  }
}

/** @param {Node} node @param {(Child | Child[])[]} children */
export function append(node, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    node.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** @param {Element} node @param {...(Child | Child[])} children */
export function replace(node, ...children) {
  node.replaceChildren();
  append(node, children);
}

/** Own line icons on a 24 grid: name -> path data. */
const ICONS = {
  hash: 'M9 4 7 20M17 4l-2 16M4 9h16M3.5 15h16',
  thread: 'M6 4v9a4 4 0 0 0 4 4h9M15 13l4 4-4 4',
  forum: 'M4 5h16v10H10l-4 4v-4H4zM8 9h8M8 12h5',
  news: 'M4 10v4l10 5V5L4 10zm14-1a4 4 0 0 1 0 6',
  menu: 'M4 6h16M4 12h16M4 18h16',
  panel: 'M4 5h16v14H4zM14 5v14',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2',
  moon: 'M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z',
  down: 'm6 9 6 6 6-6',
  right: 'm9 6 6 6-6 6',
  close: 'M6 6l12 12M18 6 6 18',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  reply: 'M10 8V4L3 11l7 7v-4c5 0 8 1.500 11 5-1-7-5-11-11-11z',
  react: 'M12 3a9 9 0 1 0 9 9M8.500 14.500a4.500 4.500 0 0 0 7 0M9 9.500v.5M15 9.500v.5M19 2v6M16 5h6',
  link: 'M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 6 6l1-1',
  out: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  save: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  file: 'M6 3h8l5 5v13H6zM14 3v5h5M9 13h6M9 17h6',
  send: 'M4 12 20 4l-6 16-3-7z',
  slash: 'M15 5 9 19',
  eye: 'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 9.500a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5z',
  person: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.500 20a7.500 7.500 0 0 1 15 0',
  bolt: 'M13 3 5 14h6l-1 7 8-11h-6z',
  pin: 'M9 4h6l-1 6 3 3H7l3-3zM12 13v7',
};

/**
 * A decorative icon; the control that holds it carries the accessible name.
 * @param {keyof typeof ICONS} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [key, value] of Object.entries({ viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true' })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.appendChild(path);
  return svg;
}

/** @param {string} text @returns {HTMLElement} text for screen readers only */
export function spoken(text) {
  return el('span', { class: 'spoken' }, text);
}

let serial = 0;
/** @param {string} prefix @returns {string} an id unique in this document */
export function newId(prefix) {
  serial += 1;
  return `${prefix}-${serial}`;
}

/** @param {string} key @returns {string | null} null where storage is forbidden */
export function recall(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // private windows may forbid storage; the page works without it
  }
}

/** @param {string} key @param {string} value */
export function remember(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // private windows may forbid storage; the page works without it
  }
}
