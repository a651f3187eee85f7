// Records what goes to the ears, or what comes from the microphone, sample by sample.
import { SAMPLE_RATE } from '../wire/frames';
import { wavHeader } from './decode';

/** A quarter of an hour: 173 MB of WAV. */
export const LONGEST_RECORDING_S = 900;
/** Parts that are gathered before they leave the heap for a blob, which the browser may keep on disk. */
const PARTS_PER_BLOB = 100;

export interface Recording {
  seconds: number;
  wav: Blob;
}

export class Recorder {
  private parts: Int16Array<ArrayBuffer>[] = [];
  private blobs: Blob[] = [];
  private frames = 0;
  private readonly tap: AudioWorkletNode;
  private ended: () => void = () => {};

  constructor(
    private readonly from: AudioNode,
    private readonly limitS: number,
    private readonly full: () => void,
  ) {
    this.tap = new AudioWorkletNode(from.context, 'tap', { numberOfOutputs: 0, channelCount: 2 });
    this.tap.port.onmessage = (event: MessageEvent<Int16Array<ArrayBuffer> | 'end'>) => {
      if (event.data === 'end') this.ended();
      else this.take(event.data);
    };
    from.connect(this.tap);
  }

  get seconds(): number {
    return this.frames / SAMPLE_RATE;
  }

  async stop(): Promise<Recording> {
    const end = new Promise<void>((done) => {
      this.ended = done;
    });
    this.tap.port.postMessage('stop');
    await end;
    this.from.disconnect(this.tap);
    this.flush();
    const wav = new Blob([wavHeader(this.frames, 2), ...this.blobs], { type: 'audio/wav' });
    return { seconds: this.seconds, wav };
  }

  private take(part: Int16Array<ArrayBuffer>): void {
    if (this.seconds >= this.limitS) return;
    this.parts.push(part);
    this.frames += part.length / 2;
    if (this.parts.length >= PARTS_PER_BLOB) this.flush();
    if (this.seconds >= this.limitS) this.full();
  }

  private flush(): void {
    this.blobs.push(new Blob(this.parts));
    this.parts = [];
  }
}
