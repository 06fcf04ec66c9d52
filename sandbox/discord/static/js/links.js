/** Which URLs the page will show, and where they lead. */

const DISCORD_HOST = /^(?:(?:ptb|canary)\.)?discord(?:app)?\.com$/;
const CHANNEL_PATH = /^\/channels\/(\d{1,20}|@me)\/(\d{1,20})(?:\/(\d{1,20}))?\/?$/;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * @typedef {{guild: string, channel: string, message: string | null}} Place
 */

/**
 * @param {string} text
 * @returns {URL | null} null for anything but an absolute http or https address
 */
export function webAddress(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    return null; // not an address: the caller shows the text as it is
  }
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : null;
}

/**
 * The place a link of Discord's own kind leads to: `https://discord.com/channels/G/C/M`, or the
 * same path on this page.
 * @param {string} text
 * @returns {Place | null}
 */
export function placeOf(text) {
  const url = webAddress(text);
  if (!url || !(DISCORD_HOST.test(url.hostname) || isOurs(url))) return null;
  const match = CHANNEL_PATH.exec(url.pathname);
  return match && { guild: match[1], channel: match[2], message: match[3] ?? null };
}

/** @param {Place} place @returns {string} */
export function pathOf(place) {
  return `/channels/${place.guild}/${place.channel}${place.message ? `/${place.message}` : ''}`;
}

/** @param {URL} url */
function isOurs(url) {
  return url.port === location.port && LOOPBACK.has(url.hostname);
}

/**
 * A file of the stand-in's CDN as a path of this origin; null for every other address, because
 * the page loads nothing from elsewhere.
 * @param {string | null | undefined} text
 * @returns {string | null}
 */
export function ownFile(text) {
  const url = text ? webAddress(text) : null;
  if (!url || !isOurs(url) || !url.pathname.startsWith('/cdn/')) return null;
  return url.pathname + url.search;
}
