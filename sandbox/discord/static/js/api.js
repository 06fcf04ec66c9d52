/**
 * The page's own API: HTTP calls and the stream of events, always as one person.
 *
 * @typedef {{t: string, d: any}} Dispatch one gateway event this person may see
 * @typedef {{message?: any, ephemeral?: boolean, modal?: any, deferred?: boolean,
 *            updated?: any, failed?: boolean}} Reply what became of an interaction
 */

/** The stand-in said no; `message` is fit to be shown. */
export class Refused extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.name = 'Refused';
    this.status = status;
  }
}

export class Api {
  /** @param {string} person username of whom the page acts for */
  constructor(person) {
    this.person = person;
  }

  /** @returns {Promise<any>} who and what this person sees */
  state() {
    return this.#call('GET', '/state');
  }

  /** @param {string} channel @param {string} [before] message id @returns {Promise<any[]>} oldest first */
  messages(channel, before) {
    return this.#call('GET', `/channels/${channel}/messages`, { before });
  }

  /** @param {string} channel @returns {Promise<any[]>} the slash commands this person is offered there */
  commands(channel) {
    return this.#call('GET', `/channels/${channel}/commands`);
  }

  /** @param {string} channel @param {string} content @param {string | null} [replyTo] */
  write(channel, content, replyTo) {
    return this.#call('POST', `/channels/${channel}/messages`, {}, { content, reply_to: replyTo ?? null });
  }

  /** @param {any} body see `page.py` @returns {Promise<Reply>} */
  interact(body) {
    return this.#call('POST', '/interactions', {}, body);
  }

  /** @param {any} body @returns {Promise<{choices: {name: string, value: any}[]}>} */
  autocomplete(body) {
    return this.#call('POST', '/autocomplete', {}, body);
  }

  /** @param {any} message @param {string} emoji @param {boolean} on */
  react(message, emoji, on) {
    const path = `/channels/${message.channel_id}/messages/${message.id}/reactions/${encodeURIComponent(emoji)}`;
    return this.#call(on ? 'PUT' : 'DELETE', path);
  }

  /** @param {any} message an ephemeral one */
  dismiss(message) {
    return this.#call('DELETE', `/whispers/${message.id}`);
  }

  /** @returns {Promise<any[]>} */
  panels() {
    return this.#call('GET', '/panels');
  }

  /** @param {string} panel @param {string} button @returns {Promise<{said: string | null}>} */
  pressPanel(panel, button) {
    return this.#call('POST', `/panels/${encodeURIComponent(panel)}/${encodeURIComponent(button)}`);
  }

  /**
   * Listens until closed. The browser reconnects by itself and says where it stopped; when the
   * server can no longer fill the gap it says `resync`.
   * @param {string} cursor from `state`
   * @param {{dispatch: (event: Dispatch) => void, resync: () => void, online: (is: boolean) => void}} listener
   * @returns {() => void} closes the stream
   */
  listen(cursor, listener) {
    let source = /** @type {EventSource | null} */ (null);
    let retry = 0;
    const open = () => {
      source = new EventSource(this.#url('/events', { cursor }));
      source.addEventListener('open', () => listener.online(true));
      source.addEventListener('dispatch', (event) => {
        cursor = event.lastEventId;
        listener.dispatch(JSON.parse(event.data));
      });
      source.addEventListener('resync', () => listener.resync());
      source.addEventListener('error', () => {
        listener.online(false);
        // A refused stream (for one, a proxy's 502) stays closed: open a new one ourselves.
        if (source?.readyState === EventSource.CLOSED) retry = window.setTimeout(open, 2000);
      });
    };
    open();
    return () => {
      window.clearTimeout(retry);
      source?.close();
    };
  }

  /** @param {string} path @param {Record<string, string | undefined>} [query] */
  #url(path, query = {}) {
    const params = new URLSearchParams({ as: this.person });
    for (const [name, value] of Object.entries(query)) if (value) params.set(name, value);
    return `/page/api${path}?${params}`;
  }

  /**
   * @param {string} method @param {string} path
   * @param {Record<string, string | undefined>} [query] @param {any} [body]
   */
  async #call(method, path, query = {}, body) {
    let response;
    try {
      response = await fetch(this.#url(path, query), {
        method,
        headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
    } catch {
      throw new Refused(0, 'The stand-in does not answer. Is it still running?');
    }
    if (response.status === 204) return null;
    const answer = await response.json().catch(() => ({ message: `HTTP ${response.status}` }));
    if (!response.ok) throw new Refused(response.status, answer.message);
    return answer;
  }
}
