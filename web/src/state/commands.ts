// What the musician does, as messages, at the pace that each kind bears.
import type { Pcm } from '../wire/frames';
import type { ClientMessage } from '../wire/messages';
import type { Desk } from './desk';
import type { Ports, Turntable } from './ports';

const RATE = 48000;
/** At most one message of knobs in that many ms… */
const SHORTEST_MS = 8;
/** …and one with the position at least every so many. */
const LONGEST_MS = 40;
const BLEND_EVERY_MS = 100;
const LORA_PROMPT_MS = 250;

export class Commands {
  /** Worst lead of the slices since the last message. */
  worstLeadS: number | null = null;
  /** Of this connection. */
  sliceBytes = 0;
  watching = false;
  private cancelLater = new Map<string, () => void>();
  private lastSent = 0;
  private lastRaw = '';
  private lastPosition = -1;
  private clips = new Map<'timbre' | 'structure', { message: ClientMessage; audio: Pcm | undefined }>();

  constructor(
    private readonly desk: Desk,
    private readonly table: Turntable,
    private readonly ports: Ports,
    private readonly send: (message: ClientMessage, audio?: Pcm) => boolean,
  ) {}

  /** At the start of a connection: what the configuration has no field for. */
  resend(band: boolean): void {
    const { desk } = this;
    this.sliceBytes = 0;
    this.lastRaw = '';
    if (desk.blend.get() > 0) this.sendBlend();
    if (desk.timbreStrength.get() < 1) this.sendTimbreStrength();
    if (desk.key.get() || desk.timeSignature.get()) this.sendPrompt();
    for (const { message, audio } of this.clips.values()) this.send(message, audio);
    if (band) this.sendBand();
  }

  forget(kind: 'timbre' | 'structure'): void {
    this.clips.delete(kind);
  }

  sendPrompt(): boolean {
    const message: ClientMessage = {
      type: 'prompt',
      tags: this.desk.wire(this.desk.promptA.get()),
      // Always both: a prompt without B would make B follow A.
      tags_b: this.desk.wire(this.desk.promptB.get()),
    };
    const key = this.desk.key.get();
    const timeSignature = this.desk.timeSignature.get();
    if (key) message.key = key;
    if (timeSignature) message.time_signature = timeSignature;
    this.desk.touch();
    return this.send(message);
  }

  sendBlend(): void {
    this.later('blend', BLEND_EVERY_MS, () => {
      this.send({ type: 'set_prompt_blend', value: this.desk.blend.get() });
    });
  }

  sendTimbreStrength(): void {
    this.later('timbre', 16, () => {
      this.send({ type: 'set_timbre_strength', value: this.desk.timbreStrength.get() });
    });
  }

  /** Whether the memory map wants events pushed. */
  watchMemory(on: boolean): void {
    if (this.watching === on) return;
    this.watching = on;
    this.send({ type: 'watch_memory', on });
  }

  setDepth(value: number): void {
    this.send({ type: 'set_depth', value });
  }

  setLora(id: string, on: boolean, strength: number): void {
    this.desk.setLora(id, { on, strength });
    this.send(on ? { type: 'enable_lora', id, strength } : { type: 'disable_lora', id });
    if (this.desk.triggerWords.get()) {
      this.cancelLater.get('lora')?.();
      this.cancelLater.set(
        'lora',
        this.ports.after(LORA_PROMPT_MS, () => this.sendPrompt()),
      );
    }
  }

  setReference(kind: 'timbre' | 'structure', name: string, clip: Pcm | null): void {
    const message: ClientMessage = clip
      ? { type: `set_${kind}_source`, name }
      : { type: `set_${kind}_fixture`, name };
    this.clips.set(kind, { message, audio: clip ?? undefined });
    this.desk[kind].set({ name, state: 'sending', error: '', seconds: 0 });
    this.send(message, clip ?? undefined);
  }

  clearReference(kind: 'timbre' | 'structure'): void {
    this.clips.delete(kind);
    this.desk[kind].set({ name: '', state: 'none', error: '', seconds: 0 });
    this.send({ type: `clear_${kind}_source` });
  }

  sendBand(): void {
    const band = this.table.band.get();
    const ends = band ? { start_sec: band.start / RATE, end_sec: band.end / RATE } : {};
    this.send({ type: 'loop_band', ...ends });
  }

  /** Knobs and position, when they are due. To be called often; `moving` while it plays. */
  pump(moving: boolean): void {
    const now = this.ports.now();
    if (now - this.lastSent < SHORTEST_MS) return;
    const position = this.table.seconds;
    const lead = Math.max(0, this.worstLeadS ?? 0);
    const total = this.table.frames / RATE;
    const place = total > 0 ? ((position + lead) % total) / total : 0;
    const raw = this.desk.snapshot(place);
    const text = JSON.stringify(raw);
    const due = now - this.lastSent >= LONGEST_MS && (moving || position !== this.lastPosition);
    if (text === this.lastRaw && !due) return;
    const extra = this.worstLeadS === null ? {} : { slice_lead_s: this.worstLeadS };
    const sent = this.send({
      type: 'params',
      raw,
      playback_pos: position,
      slice_bytes_rx: this.sliceBytes,
      client_time: now / 1000,
      ...extra,
    });
    if (!sent) return;
    this.lastSent = now;
    this.lastRaw = text;
    this.lastPosition = position;
    this.worstLeadS = null;
  }

  /** At once, then at most every `ms`, the last one always. */
  private later(name: string, ms: number, act: () => void): void {
    this.desk.touch();
    if (this.cancelLater.has(name)) return;
    act();
    this.cancelLater.set(
      name,
      this.ports.after(ms, () => {
        this.cancelLater.delete(name);
        act();
      }),
    );
  }
}
