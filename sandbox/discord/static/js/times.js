/** Times as Discord writes them; the relative ones tick. */

import { el } from './dom.js';

const UNITS = /** @type {[Intl.RelativeTimeFormatUnit, number][]} */ ([
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]);
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'always' });
/** @type {Record<string, Intl.DateTimeFormatOptions>} style letter -> format */
const STYLES = {
  t: { timeStyle: 'short' },
  T: { timeStyle: 'medium' },
  d: { dateStyle: 'short' },
  D: { dateStyle: 'long' },
  f: { dateStyle: 'long', timeStyle: 'short' },
  F: { dateStyle: 'full', timeStyle: 'short' },
};
const DISCORD_EPOCH = 1_420_070_400_000n;
/** Further than this from 1970 a Date is invalid (ECMAScript, time values). */
const MAX_MILLISECONDS = 8.64e15;

/** @param {string} id a snowflake @returns {Date} when it was made */
export function timeOfId(id) {
  return new Date(Number((BigInt(id) >> 22n) + DISCORD_EPOCH));
}

/** @param {Date} date @param {number} [now] milliseconds */
export function relative(date, now = Date.now()) {
  const seconds = Math.round((date.getTime() - now) / 1000);
  const [unit, size] = UNITS.find(([, length]) => Math.abs(seconds) >= length) ?? UNITS[5];
  return RELATIVE.format(Math.trunc(seconds / size), unit);
}

/** @param {Date} date @param {string} style one of tTdDfF */
export function absolute(date, style = 'f') {
  return new Intl.DateTimeFormat(undefined, STYLES[style] ?? STYLES.f).format(date);
}

/**
 * @param {number} seconds since 1970
 * @param {string} style one of tTdDfFR
 * @returns {HTMLElement | null} null when no calendar reaches that far
 */
export function stamp(seconds, style) {
  const milliseconds = seconds * 1000;
  if (!(Math.abs(milliseconds) <= MAX_MILLISECONDS)) return null;
  const date = new Date(milliseconds);
  const ticking = style === 'R';
  return el(
    'time',
    {
      class: 'stamp',
      datetime: date.toISOString(),
      title: absolute(date, 'F'),
      data: ticking ? { relative: milliseconds } : {},
    },
    ticking ? relative(date) : absolute(date, style),
  );
}

/** @param {Date} date "14:05", or "yesterday, 14:05", or the day and the time */
export function messageTime(date) {
  const days = Math.round((startOfDay(new Date()) - startOfDay(date)) / 86_400_000);
  const time = absolute(date, 't');
  if (days === 0) return time;
  return days === 1 ? `Yesterday, ${time}` : `${absolute(date, 'd')}, ${time}`;
}

/** @param {Date} date @returns {number} */
export function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

/** Keeps every relative time on the page true. */
export function startTicking() {
  setInterval(() => {
    const now = Date.now();
    for (const node of document.querySelectorAll('time[data-relative]')) {
      const text = relative(new Date(Number(/** @type {HTMLElement} */ (node).dataset.relative)), now);
      if (node.textContent !== text) node.textContent = text;
    }
  }, 1000);
}
