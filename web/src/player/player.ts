// The player as the rest of the client sees it: whole buffers and slices in, sound out.
import { Signal } from '../state/signal';
import type { Pcm } from '../wire/frames';
import { Drift, type PlayReport, positionAt } from './clock';
import { type Band, SEAM, SHORTEST_BAND } from './deck';
import DeckWorker from './deck.worker?worker';
import workletUrl from './deck.worklet?worker&url';
import { BLOCK, decibels, integrated, Matching } from './loudness';
import type { Control, FromWorker, Report, SliceFacts, ToWorker } from './messages';
import { Wave } from './wave';

const RATE = 48000;
const MATCH_EVERY_MS = 100;
const MATCH_TIME_S = 0.08;

export interface SliceSeen extends SliceFacts {
  /** Seconds from the playhead to where it landed; negative when it came too late to be heard this time. */
  leadS: number;
}

export interface Graph {
  context: AudioContext;
  node: AudioWorkletNode;
  /** Lifts quiet passages, where that is wanted. */
  match: GainNode;
  /** After the volume: what is heard. */
  output: GainNode;
  analyser: AnalyserNode;
}

export interface Health {
  dropouts: number;
  lostMs: number;
  stale: number;
  damaged: number;
  late: number;
  driftPpm: number | null;
}

export class Player {
  readonly wave = new Wave();
  readonly playing = new Signal(false);
  readonly looping = new Signal(true);
  readonly band = new Signal<Band | null>(null);
  readonly health = new Signal<Health>({
    dropouts: 0,
    lostMs: 0,
    stale: 0,
    damaged: 0,
    late: 0,
    driftPpm: null,
  });
  /** A buffer is loaded; its epoch. */
  readonly loaded = new Signal(-1);
  /** Grows when stems come or go. */
  readonly stemsSeen = new Signal(0);
  onSlice: (slice: SliceSeen) => void = () => {};
  /** After each report of the worklet, some fifty times a second: a timer that no hidden tab slows down. */
  onTick: () => void = () => {};
  onEnded: () => void = () => {};

  private last: PlayReport = { position: 0, time: 0, playing: false, epoch: -1 };
  private readonly drift = new Drift();
  private readonly matching = new Matching();
  private powers = new Float32Array(0);
  private sourceDb = 0;
  private sourcePeak = 1;
  private matchTimer = 0;

  private audio: Graph | null = null;
  /** Said before there was anybody to hear it. */
  private waiting: { message: Control; transfer: Transferable[] }[] = [];
  private readonly worker = new DeckWorker();
  private level = 1;

  constructor() {
    this.worker.onmessage = (event: MessageEvent<FromWorker>) => this.decoded(event.data);
    const line = new MessageChannel();
    this.control({ type: 'attach', port: line.port1 }, [line.port1]);
    this.toWorker({ type: 'attach', port: line.port2 }, [line.port2]);
  }

  /** The way to the ears; null before open(). */
  get graph(): Graph | null {
    return this.audio;
  }

  /** From a gesture only: browsers start no sound without one. Throws Error saying what to do. */
  async open(): Promise<Graph> {
    this.audio ??= await this.build();
    if (this.audio.context.state !== 'running') await this.audio.context.resume();
    return this.audio;
  }

  private async build(): Promise<Graph> {
    const context = new AudioContext({ sampleRate: RATE, latencyHint: 'interactive' });
    if (!context.audioWorklet) {
      throw new Error('Browsers allow realtime audio on https and on localhost only. Open this page there.');
    }
    await context.audioWorklet.addModule(workletUrl);
    const node = new AudioWorkletNode(context, 'deck', { numberOfInputs: 0, outputChannelCount: [2] });
    const match = context.createGain();
    const output = context.createGain();
    const analyser = context.createAnalyser();
    analyser.fftSize = 2048;
    output.gain.value = this.level;
    node.connect(match).connect(output).connect(context.destination);
    output.connect(analyser);
    node.port.onmessage = (event: MessageEvent<Report>) => this.report(event.data);
    context.addEventListener('statechange', () => {
      this.drift.restart();
      this.control({ type: 'resumed' });
    });
    for (const { message, transfer } of this.waiting) node.port.postMessage(message, transfer);
    this.waiting = [];
    return { context, node, match, output, analyser };
  }

  get frames(): number {
    return this.wave.frames;
  }

  /** Frame that leaves for the ears now. */
  get position(): number {
    const span = {
      frames: this.frames,
      seam: Math.min(SEAM, this.frames >> 2),
      looping: this.looping.get(),
      band: this.band.get(),
    };
    return positionAt(this.last, span, this.now);
  }

  private get now(): number {
    return this.audio?.context.currentTime ?? 0;
  }

  get seconds(): number {
    return this.position / RATE;
  }

  load(
    epoch: number,
    bytes: Uint8Array,
    channels: number,
    keep: { position: boolean; band: Band | null },
  ): void {
    this.band.set(keep.band);
    const message: ToWorker = {
      type: 'buffer',
      epoch,
      bytes: bytes as Uint8Array<ArrayBuffer>,
      channels,
      restart: !keep.position,
      band: keep.band,
    };
    this.toWorker(message, [bytes.buffer as ArrayBuffer]);
  }

  slice(epoch: number, bytes: Uint8Array): void {
    this.toWorker({ type: 'slice', epoch, bytes: bytes as Uint8Array<ArrayBuffer> }, [
      bytes.buffer as ArrayBuffer,
    ]);
  }

  stems(epoch: number, names: string[], buffers: Uint8Array[], channels: number): void {
    const parts = buffers as Uint8Array<ArrayBuffer>[];
    this.toWorker(
      { type: 'stems', epoch, names, buffers: parts, channels },
      parts.map((part) => part.buffer),
    );
  }

  clips(epoch: number, names: string[], parts: Pcm[]): void {
    const samples = parts.map((part) => part.samples as Float32Array<ArrayBuffer>);
    const channels = parts[0]?.channels ?? 2;
    this.toWorker(
      { type: 'clips', epoch, names, samples, channels },
      samples.map((part) => part.buffer),
    );
  }

  play(on: boolean): void {
    this.playing.set(on);
    this.control({ type: 'play', on });
  }

  seek(seconds: number): void {
    const frame = Math.max(0, Math.min(this.frames - 1, seconds * RATE));
    this.last = { ...this.last, position: frame, time: this.now };
    this.control({ type: 'seek', frame });
  }

  setLoop(on: boolean): void {
    this.looping.set(on);
    this.control({ type: 'loop', on });
  }

  /** In frames; too short ones are made as long as a band must be. */
  setBand(band: Band | null): void {
    if (band) {
      const start = Math.max(0, Math.min(this.frames - SHORTEST_BAND, Math.round(band.start)));
      const end = Math.min(this.frames, Math.max(start + SHORTEST_BAND, Math.round(band.end)));
      band = { start, end };
    }
    this.band.set(band);
    this.control({ type: 'band', band });
  }

  layer(name: string, gain: number): void {
    this.control({ type: 'layer', name, gain });
  }

  /** The track as it was, in place of what the model plays. */
  original(on: boolean): void {
    this.control({ type: 'original', gain: on ? 1 : 0 });
  }

  volume(value: number): void {
    this.level = value;
    this.audio?.output.gain.setTargetAtTime(value, this.now, 0.02);
  }

  matchLoudness(on: boolean): void {
    clearInterval(this.matchTimer);
    this.toWorker({ type: 'weigh', on });
    if (on) this.matchTimer = window.setInterval(() => this.matchNow(), MATCH_EVERY_MS);
    else this.audio?.match.gain.setTargetAtTime(1, this.now, MATCH_TIME_S);
  }

  private matchNow(): void {
    const power = this.powers[Math.floor(this.position / BLOCK)];
    if (power === undefined) return;
    const gain = this.matching.gain(this.sourceDb, decibels(power), this.sourcePeak);
    this.audio?.match.gain.setTargetAtTime(gain, this.now, MATCH_TIME_S);
  }

  private report(report: Report): void {
    const { position, time, playing, epoch, dropouts, lostMs, stale } = report;
    this.last = { position, time, playing, epoch };
    this.drift.at(performance.now() / 1000, this.now);
    const health = this.health.get();
    const driftPpm = this.drift.ppm === null ? null : Math.round(this.drift.ppm);
    if (dropouts !== health.dropouts || stale !== health.stale || driftPpm !== health.driftPpm) {
      this.health.patch({ dropouts, lostMs, stale, driftPpm });
    }
    if (report.ended && this.playing.get()) {
      this.playing.set(false);
      this.onEnded();
    }
    this.onTick();
  }

  private decoded(message: FromWorker): void {
    switch (message.type) {
      case 'buffer':
        this.wave.load(message.frames, message.peaks);
        this.sourcePeak = message.peak;
        this.stemsSeen.set(this.stemsSeen.get() + 1);
        this.loaded.set(message.epoch);
        break;
      case 'slice':
        this.wave.patch(message.firstBin, message.peaks, performance.now());
        this.landed(message);
        break;
      case 'powers':
        if (message.whole) {
          this.powers = message.powers.slice();
          this.sourceDb = integrated(message.powers);
        } else {
          this.powers.set(
            message.powers.subarray(0, this.powers.length - message.firstBlock),
            message.firstBlock,
          );
        }
        break;
      case 'stems':
        message.names.forEach((name, i) => {
          this.wave.setStem(name, message.peaks[i]!);
        });
        this.stemsSeen.set(this.stemsSeen.get() + 1);
        break;
      case 'damaged':
        this.health.patch({ damaged: this.health.get().damaged + 1 });
        break;
    }
  }

  private landed(slice: Extract<FromWorker, { type: 'slice' }>): void {
    const half = this.frames / 2;
    let lead = slice.start + slice.frames / 2 - this.position;
    if (lead > half) lead -= this.frames;
    if (lead < -half) lead += this.frames;
    // The playhead had passed the end of it: it will be heard in the next round only.
    if (this.playing.get() && lead + slice.frames / 2 < 0 && this.frames > 0) {
      this.health.patch({ late: this.health.get().late + 1 });
    }
    const { start, frames, tickMs, decodeMs, generations, bytes } = slice;
    this.onSlice({ start, frames, tickMs, decodeMs, generations, bytes, leadS: lead / RATE });
  }

  private control(message: Control, transfer: Transferable[] = []): void {
    if (this.audio) this.audio.node.port.postMessage(message, transfer);
    else this.waiting.push({ message, transfer });
  }

  private toWorker(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }
}
