// What every panel may reach, and the few actions that involve more than one part.
import { decodeAudio } from './player/decode';
import { Player } from './player/player';
import { Desk, type Track } from './state/desk';
import { EVERY_MS, NetworkMonitor } from './state/network';
import { Session } from './state/session';
import { Signal, stored } from './state/signal';
import { toast } from './ui/toast';
import { Connection } from './wire/connection';
import type { Pcm } from './wire/frames';
import { type Catalog, fetchCatalog, patiently, serverUrls } from './wire/http';

/** Something that happened here, for the memory map's timeline. */
export interface Mark {
  /** performance.now() of it. */
  at: number;
  kind: 'swap' | 'prompt' | 'upload' | 'stems' | 'session';
  text: string;
}

const MOST_MARKS = 200;

export class App {
  readonly desk = new Desk();
  readonly player = new Player();
  readonly urls = serverUrls(location);
  readonly catalog = new Signal<Catalog | null>(null);
  /** Sentence while the server cannot be reached before anything began. */
  readonly waiting = new Signal('');
  readonly unstable = new Signal(false);
  readonly marks: Mark[] = [];
  onPromptApplied: () => void = () => {};
  readonly session: Session;
  readonly clientId: string;
  private readonly lastTrack = stored<string>('headroom.track', '', (value) => typeof value === 'string');
  private readonly decoded = new Map<string, Pcm>();
  private readonly monitor = new NetworkMonitor();

  constructor() {
    this.clientId = clientIdOf();
    this.session = new Session(
      this.desk,
      this.player,
      {
        open: (config, source, events) => new Connection(this.urls.socket, config, source, events),
        source: (track) => this.source(track),
        stem: async (path) => {
          const response = await fetch(this.urls.http(path.replace(/^\//, '')));
          if (!response.ok) throw new Error(`the server answered ${response.status} to ${path}`);
          return decodeAudio(await response.arrayBuffer(), path);
        },
        after: (ms, act) => {
          const timer = setTimeout(act, ms);
          return () => clearTimeout(timer);
        },
        dice: Math.random,
        now: () => performance.now(),
      },
      this.clientId,
    );
    this.wire();
  }

  private wire(): void {
    const { desk, player, session } = this;
    player.onTick = () => session.commands.pump(player.playing.get());
    desk.onTouch = () => session.commands.pump(player.playing.get());
    player.onSlice = ({ leadS }) => {
      session.commands.worstLeadS = Math.min(leadS, session.commands.worstLeadS ?? leadS);
    };
    player.band.changed(() => session.commands.sendBand());
    player.playing.changed((on) => on && desk.touch());
    desk.track.changed((track) => track && this.lastTrack.set(track.name));
    for (const [name, signal] of desk.stemLevels) {
      signal.changed(({ on, level }) => player.layer(name, on ? level : 0));
    }
    // Two tabs of one person should not play over each other.
    session.phase.changed(({ kind }) => kind === 'preempted' && player.play(false));
    session.onNotice = ({ kind, text }) => {
      if (kind === 'error' || kind === 'warning') toast(text, kind);
      else if (kind === 'swap') toast(text);
      if (kind === 'swap' || kind === 'prompt' || kind === 'stems') this.mark(kind, text);
      if (kind === 'ready') this.mark('session', text);
      if (kind === 'prompt') this.onPromptApplied();
    };
    setInterval(() => {
      const playing = player.playing.get() && session.phase.get().kind === 'ready' && !session.swapping.get();
      const resting = session.resting || !playing;
      this.unstable.set(this.monitor.look(performance.now(), session.lastFrame, desk.lastTouch, resting));
    }, EVERY_MS);
  }

  mark(kind: Mark['kind'], text: string): void {
    this.marks.push({ at: performance.now(), kind, text });
    if (this.marks.length > MOST_MARKS) this.marks.shift();
  }

  /** Asks what there is, for as long as it takes, and puts the last track on. */
  async load(): Promise<void> {
    const catalog = await patiently(
      () => this.refresh(),
      (seconds) =>
        this.waiting.set(`The server does not answer yet (${Math.round(seconds)} s). Still trying …`),
    );
    this.waiting.set('');
    if (this.desk.track.get()) return;
    const known = this.tracks(catalog);
    const track = known.find(({ name }) => name === this.lastTrack.get()) ?? known[0];
    if (track) this.desk.track.set(track);
  }

  async refresh(): Promise<Catalog> {
    const catalog = await fetchCatalog(this.urls.http);
    this.catalog.set(catalog);
    if (this.desk.catalog.get().length === 0) this.desk.catalog.set(catalog.loras);
    return catalog;
  }

  tracks(catalog: Catalog): Track[] {
    return [
      ...catalog.fixtures.map((name): Track => ({ name, kind: 'fixture', mode: 'full' })),
      ...catalog.uploads.map((name): Track => ({ name, kind: 'upload', mode: 'full' })),
    ];
  }

  /** The one button: opens the sound, connects, plays. From a gesture. */
  async start(): Promise<void> {
    try {
      await this.player.open();
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'error');
      return;
    }
    const { kind } = this.session.phase.get();
    if (kind === 'ready' || kind === 'connecting' || kind === 'reconnecting') {
      this.player.play(true);
      return;
    }
    this.player.play(true);
    await this.session.connect();
  }

  togglePlay(): void {
    if (this.player.playing.get()) this.player.play(false);
    else void this.start();
  }

  pick(track: Track): void {
    const other = track.name !== this.desk.track.get()?.name;
    this.session.swap(track, other);
    // Whoever takes a track out of the crate wants to hear it.
    const { kind } = this.session.phase.get();
    if (kind === 'idle' || kind === 'failed') void this.start();
  }

  /** Audio for a session's start, where the server cannot load the track by its name. */
  private async source(track: Track): Promise<Pcm | null> {
    const catalog = await this.refresh();
    // Ours loads whatever it lists; others only what they advertise for a start.
    const ours =
      catalog.info.server === 'headroom' && [...catalog.fixtures, ...catalog.uploads].includes(track.name);
    if (ours || catalog.info.server_side_fixtures.includes(track.name)) return null;
    return this.audioOf(track);
  }

  async audioOf(track: Pick<Track, 'name' | 'kind'>): Promise<Pcm> {
    const have = this.decoded.get(track.name);
    if (have) return have;
    const folder = track.kind === 'fixture' ? 'fixtures' : 'user_uploads';
    const name = track.kind === 'fixture' ? track.name : encodeURIComponent(track.name);
    const response = await fetch(this.urls.http(`${folder}/${name}`));
    if (!response.ok) throw new Error(`The server no longer has ${track.name}. Choose another track.`);
    const pcm = await decodeAudio(await response.arrayBuffer(), track.name);
    this.decoded.clear();
    this.decoded.set(track.name, pcm);
    return pcm;
  }
}

/** Who this browser is, over reloads: the owner of its uploads. */
function clientIdOf(): string {
  const id = stored('headroom.client', '', (value) => typeof value === 'string');
  if (!id.get())
    id.set(
      Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) =>
        byte.toString(16).padStart(2, '0'),
      ).join(''),
    );
  return id.get();
}
