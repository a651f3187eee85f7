// One realtime session: connect, stream, swap, come back. Panels talk to the desk; this sends what the desk
// says. Everything outside (sockets, time, chance) comes in by Ports, so that tests can be the world.

import { trackTitle } from '../text';
import type { Pcm } from '../wire/frames';
import type { Arrival } from '../wire/inbox';
import type {
  ClientMessage,
  Ready,
  ServerMessage,
  SessionConfig,
  Snapshot,
  SourceMode,
  StemAssets,
  StemLinks,
  SwapReady,
} from '../wire/messages';
import { afterClose } from '../wire/reconnect';
import { Commands } from './commands';
import type { Desk, Track } from './desk';
import { hear } from './hearsay';
import type { Link, Ports, Turntable } from './ports';
import { Signal } from './signal';

export type Phase =
  | { kind: 'idle' }
  | { kind: 'connecting'; text: string }
  | { kind: 'ready' }
  | { kind: 'reconnecting'; attempt: number; text: string }
  /** Final until the musician asks: another connection has the session. */
  | { kind: 'preempted'; text: string }
  | { kind: 'failed'; text: string };

export interface Swap {
  track: Track;
  /** Play from the beginning, as befits another track. */
  restart: boolean;
  /** Have stems made although the whole track plays. */
  withStems?: boolean;
}

/** Something happened that a log, a toast or a timeline may want. */
export interface Notice {
  kind: 'ready' | 'swap' | 'prompt' | 'stems' | 'lora' | 'reference' | 'warning' | 'error';
  text: string;
}

/** Without a mode a built-in track starts at once; with one, its stems are made first. */
function stemMode(track: Track, withStems = false): { stem_source_mode?: SourceMode } {
  const plain = track.kind === 'fixture' && track.mode === 'full' && !withStems;
  return plain ? {} : { stem_source_mode: track.mode };
}

export class Session {
  readonly phase = new Signal<Phase>({ kind: 'idle' });
  /** The swap that the server works on, for progress. */
  readonly swapping = new Signal<Swap | null>(null);
  readonly telemetry = new Signal({ tickMs: 0, decodeMs: 0, generations: 0 });
  /** Names that are still being split, from the upload's answer until the push. */
  readonly pendingStems = new Set<string>();
  onNotice: (notice: Notice) => void = () => {};
  onMemory: (map: Record<string, unknown>) => void = () => {};
  sessionId = '';
  lastFrame: number | null = null;
  resting = false;

  readonly commands: Commands;
  private link: Link | null = null;
  private epoch = -1;
  private attempts = 0;
  private wasReady = false;
  private generation = 0;
  private wanted: Swap | null = null;
  private cancelRetry: (() => void) | null = null;
  private lastError: ServerMessage | null = null;
  private resumeToken: string | undefined;
  /** Whether the musician wants this connection, and not a timer. */
  private asked = false;

  constructor(
    private readonly desk: Desk,
    private readonly table: Turntable,
    private readonly ports: Ports,
    private readonly clientId: string,
  ) {
    this.commands = new Commands(
      desk,
      table,
      ports,
      (message, audio) => this.link?.send(message, audio) ?? false,
    );
  }

  /** Starts, or takes the session back. */
  async connect(): Promise<void> {
    this.cancelRetry?.();
    this.link?.close();
    this.link = null;
    const mine = ++this.generation;
    const track = this.desk.track.get();
    if (!track) return this.fail('Choose a track first.');
    this.asked = this.phase.get().kind !== 'reconnecting';
    if (this.asked) {
      this.attempts = 0;
      this.wasReady = false;
      this.phase.set({ kind: 'connecting', text: 'Loading the track …' });
    }
    let source: Pcm | null;
    try {
      source = await this.ports.source(track);
    } catch (error) {
      if (mine !== this.generation) return;
      return this.closed(1006, error instanceof Error ? error.message : String(error));
    }
    if (mine !== this.generation) return;
    if (this.phase.get().kind === 'connecting') {
      this.phase.set({ kind: 'connecting', text: 'The server prepares the session …' });
    }
    this.link = this.ports.open(this.config(track, source === null), source, {
      arrival: (arrival) => mine === this.generation && this.arrived(arrival),
      closed: (code, reason) => mine === this.generation && this.closed(code, reason),
    });
  }

  stop(): void {
    this.generation++;
    this.cancelRetry?.();
    this.link?.close();
    this.link = null;
    this.swapping.set(null);
    this.phase.set({ kind: 'idle' });
  }

  /** One at a time; of those asked for meanwhile the latest counts. */
  swap(track: Track, restart: boolean, withStems = false): void {
    this.desk.touch();
    if (this.phase.get().kind !== 'ready') {
      this.desk.track.set(track);
      return;
    }
    this.wanted = { track, restart, withStems };
    this.nextSwap();
  }

  setMode(mode: SourceMode): void {
    const track = this.wanted?.track ?? this.swapping.get()?.track ?? this.desk.track.get();
    if (track && track.mode !== mode) this.swap({ ...track, mode }, false);
  }

  private config(track: Track, byName: boolean): SessionConfig {
    const { desk } = this;
    const loras = desk.enabledLoras();
    return {
      lora: true,
      depth: desk.depth.get().value,
      steps: desk.number('steps_override'),
      vae_window: 0.36,
      walk_window: true,
      walk_window_s: 60,
      prompt: desk.wire(desk.promptA.get()),
      prompt_b: desk.wire(desk.promptB.get()),
      fixture_name: track.name,
      use_server_fixture: byName,
      ...stemMode(track),
      enabled_loras: loras,
      lora_strengths: Object.fromEntries(loras.map((id) => [id, desk.loras.get().get(id)?.strength ?? 1])),
      client_id: this.clientId,
      stems_over_http: true,
      compact: true,
      take_over: this.asked,
      watch_memory: this.commands.watching,
      ...(this.resumeToken && this.wasReady ? { resume: this.resumeToken } : {}),
    };
  }

  private arrived(arrival: Arrival): void {
    switch (arrival.kind) {
      case 'ready':
        this.started(arrival.message, arrival.buffer);
        break;
      case 'swap':
        this.swapped(arrival.message, arrival.buffer);
        break;
      case 'stems':
        this.stemsCame(arrival);
        break;
      case 'slice':
        this.lastFrame = this.ports.now();
        this.resting = false;
        this.commands.sliceBytes += arrival.bytes.byteLength;
        this.table.slice(this.epoch, arrival.bytes);
        break;
      case 'message':
        this.told(arrival.message);
        break;
      case 'broken':
        this.onNotice({
          kind: 'warning',
          text: `The stream was not understood: ${arrival.text}. Connecting again.`,
        });
        this.wasReady = true;
    }
  }

  private started(message: Ready, buffer: Uint8Array): void {
    const again = this.wasReady;
    const { desk, table } = this;
    this.epoch++;
    // Coming back to the same track, the music goes on where it was, in the same loop.
    const band = again ? table.band.get() : null;
    table.load(this.epoch, buffer, message.channels, { position: again, band });
    this.adopt(message);
    desk.catalog.set(message.lora_catalog);
    desk.suit(message.checkpoint);
    desk.depth.set({ value: message.pipeline_depth, max: message.max_pipeline_depth });
    desk.stems.set({ state: this.stemsExpected(), error: '' });
    this.sessionId = message.session_id;
    this.resumeToken = message.resume_token;
    this.resting = false;
    this.attempts = 0;
    this.wasReady = true;
    this.lastFrame = null;
    this.wanted = null;
    this.swapping.set(null);
    this.phase.set({ kind: 'ready' });
    if (!again) desk.startFromSource();
    this.commands.resend(band !== null);
    if (message.resumed) this.catchUp(message.resumed);
    this.onNotice({ kind: 'ready', text: again ? 'Connected again.' : 'The session is ready.' });
  }

  /** Until they come. */
  private stemsExpected(asked = false): 'none' | 'processing' {
    const track = this.desk.track.get();
    if (!track) return 'none';
    return asked || track.mode !== 'full' || this.pendingStems.has(track.name) ? 'processing' : 'none';
  }

  /** A session that was taken up again stands where it was left; the musician may have gone on meanwhile. */
  private catchUp(resumed: Snapshot): void {
    const { desk } = this;
    const track = desk.track.get();
    const mode = resumed.stem_source_mode ?? 'full';
    if (track && (track.name !== resumed.fixture_name || track.mode !== mode)) this.swap(track, true);
    else if (desk.wire(desk.promptA.get()) !== resumed.prompt) this.commands.sendPrompt();
  }

  private adopt(message: Ready | SwapReady): void {
    this.desk.facts.set({
      bpm: message.bpm,
      key: message.key,
      timeSignature: message.time_signature,
      seconds: message.duration,
    });
  }

  private nextSwap(): void {
    if (this.swapping.get() || !this.wanted) return;
    const swap = this.wanted;
    this.wanted = null;
    const { track } = swap;
    const message: ClientMessage = {
      type: 'swap_source',
      tags: this.desk.wire(this.desk.promptA.get()),
      fixture_name: track.name,
      use_server_source: true,
      ...stemMode(track, swap.withStems),
    };
    if (this.link?.send(message)) this.swapping.set(swap);
  }

  private swapped(message: SwapReady, buffer: Uint8Array): void {
    const swap = this.swapping.get();
    const { desk } = this;
    this.epoch++;
    const restart = swap ? swap.restart && desk.restartOnSwap.get() : true;
    const changed = swap?.track.name !== desk.track.get()?.name;
    // The server forgets the band with every swap; on the same track the musician has not.
    const frames = buffer.byteLength / 2 / message.channels;
    const band = changed || restart || frames !== this.table.frames ? null : this.table.band.get();
    this.table.load(this.epoch, buffer, message.channels, { position: !restart, band });
    if (band) this.commands.sendBand();
    if (swap) desk.track.set(swap.track);
    if (swap && changed) {
      desk.key.set(null);
      desk.timeSignature.set(null);
    }
    this.adopt(message);
    desk.stems.set({ state: this.stemsExpected(swap?.withStems), error: '' });
    this.swapping.set(null);
    if (swap?.restart) desk.startFromSource();
    const name = trackTitle(swap?.track.name ?? message.fixture_name ?? 'a new source');
    const { mode } = desk.track.get() ?? { mode: 'full' };
    this.onNotice({
      kind: 'swap',
      text: mode === 'full' ? `Now playing ${name}.` : `The ${mode} of ${name} feed the music now.`,
    });
    this.nextSwap();
  }

  private stemsCame({ message, buffers }: Extract<Arrival, { kind: 'stems' }>): void {
    if (this.stemsConcern(message)) this.table.stems(this.epoch, message.stems, buffers, message.channels);
  }

  /** Fetched beside the socket, so that slices go on meanwhile. */
  private async linksCame(message: StemLinks): Promise<void> {
    if (message.fixture_name !== this.desk.track.get()?.name) {
      this.stemsConcern(message);
      return;
    }
    const { epoch } = this;
    try {
      const names = ['vocals', 'instruments'] as const;
      const parts = await Promise.all(names.map((name) => this.ports.stem(message[name])));
      if (epoch !== this.epoch) return;
      this.table.clips(epoch, [...names], parts);
      this.stemsConcern(message);
    } catch (error) {
      if (epoch === this.epoch) this.stemsFailed(message.fixture_name, String(error));
    }
  }

  /** True when they belong to what plays; tells either way. */
  private stemsConcern({ fixture_name: name, source_mode: mode }: StemAssets | StemLinks): boolean {
    const { desk } = this;
    const track = desk.track.get();
    this.pendingStems.delete(name);
    if (name && track && name !== track.name) {
      this.onNotice({ kind: 'stems', text: `Stems of ${trackTitle(name)} are ready.` });
      return false;
    }
    // An empty mode comes with stems that were made in the background: what plays stays as it is.
    if (mode && track && track.mode !== mode) desk.track.set({ ...track, mode });
    desk.stems.set({ state: 'ready', error: '' });
    this.onNotice({ kind: 'stems', text: 'Vocals and instruments are ready.' });
    return true;
  }

  private stemsFailed(name: string, error: string): void {
    this.pendingStems.delete(name);
    if (!name || name === this.desk.track.get()?.name) this.desk.stems.set({ state: 'failed', error });
    this.onNotice({ kind: 'warning', text: `Stems could not be made: ${error}` });
  }

  private told(message: ServerMessage): void {
    switch (message.type) {
      case 'params_update': {
        const { tick_ms: tick, dec_ms: decode, num_gens: generations } = message.params;
        const now = this.telemetry.get();
        this.telemetry.set({
          tickMs: Number(tick ?? now.tickMs),
          decodeMs: Number(decode ?? now.decodeMs),
          generations: Number(generations ?? now.generations),
        });
        return;
      }
      case 'prompt_blend_echo':
        this.desk.blend.set(message.value);
        return this.commands.sendBlend();
      case 'prompt_applied':
        return this.onNotice({ kind: 'prompt', text: `Prompt: ${message.tags}` });
      case 'swap_failed':
        this.swapping.set(null);
        this.onNotice({ kind: 'error', text: `The track was not changed: ${message.error}` });
        return this.nextSwap();
      case 'stem_failed':
        return this.stemsFailed(message.fixture_name, message.error);
      case 'stem_links':
        void this.linksCame(message);
        return;
      case 'heartbeat':
        this.lastFrame = this.ports.now();
        this.resting = message.paused;
        return;
      case 'memory':
        return this.onMemory(message.map);
      case 'error':
        this.lastError = message;
    }
    const news = hear(message, this.desk);
    if (message.type === 'timbre_failed') this.commands.forget('timbre');
    if (message.type === 'structure_failed') this.commands.forget('structure');
    if (news && !(message.type === 'error' && !this.wasReady)) {
      this.onNotice({ kind: news.grave ? 'error' : 'warning', text: news.text });
    }
  }

  private closed(code: number, reason: string): void {
    this.link = null;
    this.swapping.set(null);
    const said = this.lastError ? hear(this.lastError, this.desk)?.text : undefined;
    this.lastError = null;
    const verdict = afterClose(
      { code, reason, wasReady: this.wasReady, attempts: this.attempts },
      this.ports.dice(),
    );
    switch (verdict.kind) {
      case 'preempted':
        this.phase.set(verdict);
        return;
      case 'failed':
        // The server's own words say more than a close code.
        return this.fail(said && !this.wasReady ? said : verdict.text);
      case 'retry':
        this.attempts = verdict.attempt;
        this.phase.set({
          kind: 'reconnecting',
          attempt: verdict.attempt,
          text: `The connection was lost. Attempt ${verdict.attempt} to come back …`,
        });
        this.cancelRetry = this.ports.after(verdict.delayMs, () => void this.connect());
    }
  }

  private fail(text: string): void {
    this.phase.set({ kind: 'failed', text });
  }
}
