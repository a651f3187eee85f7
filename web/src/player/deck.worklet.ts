// The deck on the audio thread.
import { Deck } from './deck';
import { Dropouts } from './dropouts';
import type { Audio, Control, Report } from './messages';

declare const currentFrame: number;
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: new () => AudioWorkletProcessor): void;

const REPORT_EVERY = 1024;
/** The tap hands over a tenth of a second at a time. */
const TAP_FRAMES = 4800;

class DeckProcessor extends AudioWorkletProcessor {
  private readonly deck = new Deck();
  private readonly dropouts = new Dropouts();
  private untilReport = 0;
  private stale = 0;

  constructor() {
    super();
    this.port.onmessage = (event: MessageEvent<Control>) => this.control(event.data);
  }

  process(_inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const out = outputs[0]!;
    const left = out[0]!;
    const ended = this.deck.render(left, out[1] ?? left);
    this.dropouts.at(Date.now(), (currentFrame / sampleRate) * 1000);
    this.untilReport -= left.length;
    if (ended || this.untilReport <= 0) {
      this.untilReport = REPORT_EVERY;
      this.report(left.length);
    }
    return true;
  }

  private report(rendered: number): void {
    const { position, playing, ended, epoch } = this.deck;
    const report: Report = {
      type: 'report',
      position,
      time: (currentFrame + rendered) / sampleRate,
      playing,
      ended,
      epoch,
      dropouts: this.dropouts.count,
      lostMs: this.dropouts.lostMs,
      stale: this.stale,
    };
    this.port.postMessage(report);
  }

  private control(message: Control): void {
    switch (message.type) {
      case 'attach':
        message.port.onmessage = (event: MessageEvent<Audio>) => this.audio(event.data);
        return;
      case 'play':
        this.deck.play(message.on);
        break;
      case 'loop':
        this.deck.looping = message.on;
        break;
      case 'seek':
        this.deck.seek(message.frame);
        break;
      case 'band':
        this.deck.setBand(message.band);
        break;
      case 'layer':
        this.deck.setLayerGain(message.name, message.gain);
        break;
      case 'original':
        this.deck.original.target = message.gain;
        break;
      case 'resumed':
        this.dropouts.reset();
        break;
    }
    this.untilReport = 0;
  }

  private audio(message: Audio): void {
    switch (message.type) {
      case 'buffer':
        this.deck.load(message.epoch, message.samples, message.channels, message.original, message.restart);
        this.deck.setBand(message.band);
        this.untilReport = 0;
        break;
      case 'patch':
        if (!this.deck.patch(message.epoch, message.start, message.samples, message.add)) this.stale++;
        break;
      case 'stems':
        if (message.epoch !== this.deck.epoch) break;
        message.names.forEach((name, i) => {
          this.deck.setLayer(name, message.words[i]!, message.channels);
        });
        break;
    }
  }
}

/** Hands on what it hears, as 16-bit samples, for a recording. */
class TapProcessor extends AudioWorkletProcessor {
  private samples = new Int16Array(TAP_FRAMES * 2);
  private filled = 0;
  private open = true;

  constructor() {
    super();
    this.port.onmessage = () => {
      this.open = false;
      this.hand();
      this.port.postMessage('end');
    };
  }

  process(inputs: Float32Array[][]): boolean {
    const input = inputs[0]!;
    const left = input[0];
    if (!this.open || !left) return this.open;
    const right = input[1] ?? left;
    for (let i = 0; i < left.length; i++) {
      this.samples[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(left[i]! * 32767)));
      this.samples[this.filled++] = Math.max(-32768, Math.min(32767, Math.round(right[i]! * 32767)));
      if (this.filled === this.samples.length) this.hand();
    }
    return true;
  }

  private hand(): void {
    if (this.filled === 0) return;
    const part = this.samples.slice(0, this.filled);
    this.port.postMessage(part, { transfer: [part.buffer] });
    this.filled = 0;
  }
}

registerProcessor('deck', DeckProcessor);
registerProcessor('tap', TapProcessor);
