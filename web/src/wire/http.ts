// What the server tells over plain HTTP.
import type { LoraEntry, ServerInfo } from './messages';

export interface Catalog {
  info: ServerInfo;
  fixtures: string[];
  uploads: string[];
  loras: LoraEntry[];
}

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;
const PATIENCE_MS = 180_000;

class HttpError extends Error {
  constructor(
    readonly status: number,
    path: string,
  ) {
    super(`The server answered ${status} to ${path}.`);
  }
}

/** Adds what the page's own address carries for the server: the token (?token=), or another server (?ws=). */
export function serverUrls(page: Pick<Location, 'href' | 'search'>): {
  http: (path: string) => string;
  socket: string;
} {
  const query = new URLSearchParams(page.search);
  const token = query.get('token') ?? query.get('apiKey');
  const other = query.get('ws');
  // Any path is a session's to the server; one of its own can be told from the page's by what stands between.
  const socket = new URL(other ?? './ws', page.href);
  socket.protocol = socket.protocol.replace('http', 'ws');
  socket.search = '';
  socket.hash = '';
  const base = other ? new URL('./', socket.href.replace(/^ws/, 'http')) : new URL('./', page.href);
  const withToken = (url: URL) => {
    if (token) url.searchParams.set('token', token);
    return url.href;
  };
  return { http: (path) => withToken(new URL(path, base)), socket: withToken(socket) };
}

export async function fetchJson<T>(url: string): Promise<T> {
  const response = await fetch(url, { cache: 'no-store' });
  if (!response.ok) throw new HttpError(response.status, new URL(url).pathname);
  return (await response.json()) as T;
}

/** Tries again while the server is starting or away, for three minutes. */
export async function patiently<T>(
  ask: () => Promise<T>,
  waiting: (seconds: number) => void,
  sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms)),
): Promise<T> {
  let waited = 0;
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(LONGEST_WAIT_MS, wait * 2)) {
    try {
      return await ask();
    } catch (error) {
      if ((error instanceof HttpError && error.status < 500) || waited >= PATIENCE_MS) throw error;
      waiting(waited / 1000);
      await sleep(wait);
      waited += wait;
    }
  }
}

export async function fetchCatalog(http: (path: string) => string): Promise<Catalog> {
  const [info, fixtures, uploads, loras] = await Promise.all([
    fetchJson<ServerInfo>(http('api/server-info')),
    fetchJson<string[]>(http('api/fixtures')),
    fetchJson<string[]>(http('api/user_uploads')),
    fetchJson<{ loras: LoraEntry[] }>(http('api/loras')),
  ]);
  return { info, fixtures, uploads, loras: loras.loras };
}
