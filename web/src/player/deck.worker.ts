// Unpacks audio beside the main thread: samples go straight to the worklet, outlines to whoever draws.
import { readSliceHeader } from '../wire/frames';
import { floatsToHalves, halfWords, halvesToFloats } from '../wire/half';
import { applySamples, decodeSlice } from '../wire/slices';
import { BLOCK, blockPowers } from './loudness';
import type { Audio, FromWorker, ToWorker } from './messages';
import { binCount, binsOf, outline } from './peaks';

let worklet: MessagePort | null = null;
/** The worklet's buffer once more, to draw and to weigh. */
let mirror = new Float32Array(0);
let channels = 2;
let epoch = -1;
let weighing = false;

const tell = (message: FromWorker, transfer: Transferable[] = []) => self.postMessage(message, { transfer });
const sound = (message: Audio, transfer: Transferable[]) => worklet?.postMessage(message, transfer);

self.onmessage = (event: MessageEvent<ToWorker>) => {
  const message = event.data;
  switch (message.type) {
    case 'attach':
      worklet = message.port;
      return;
    case 'buffer':
      return buffer(message);
    case 'slice':
      if (message.epoch === epoch) slice(message.bytes);
      return;
    case 'weigh':
      weighing = message.on;
      if (weighing) weigh(0, mirror.length / channels, false);
      return;
    case 'stems':
      if (message.epoch === epoch) stems(message.names, message.buffers.map(halfWords), message.channels);
      return;
    case 'clips':
      if (message.epoch === epoch)
        stems(message.names, message.samples.map(floatsToHalves), message.channels);
  }
};

function weigh(start: number, frames: number, whole: boolean): void {
  if (mirror.length === 0) return;
  const firstBlock = Math.floor(start / BLOCK);
  const end = Math.min(Math.ceil(mirror.length / channels / BLOCK), Math.ceil((start + frames) / BLOCK));
  const powers = blockPowers(mirror, channels, firstBlock, Math.max(firstBlock, end));
  tell({ type: 'powers', firstBlock, powers, whole }, [powers.buffer]);
}

function buffer(message: Extract<ToWorker, { type: 'buffer' }>): void {
  const original = halfWords(message.bytes);
  const samples = halvesToFloats(original);
  for (let i = 0; i < samples.length; i++) if (!Number.isFinite(samples[i]!)) samples[i] = 0;
  mirror = samples.slice();
  channels = message.channels;
  epoch = message.epoch;
  const frames = mirror.length / channels;
  const peaks = outline(mirror, channels, 0, binCount(frames));
  const peak = peaks.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const { restart, band } = message;
  sound({ type: 'buffer', epoch, samples, channels, original, restart, band }, [
    samples.buffer,
    original.buffer,
  ]);
  tell({ type: 'buffer', epoch, frames, channels, peaks, peak }, [peaks.buffer]);
  weigh(0, frames, true);
}

function slice(bytes: Uint8Array<ArrayBuffer>): void {
  try {
    if (readSliceHeader(bytes).channels !== channels)
      throw new Error('a slice with other channels than its buffer');
    const { start, samples, delta, tickMs, decodeMs, generations } = decodeSlice(bytes);
    const frames = applySamples(mirror, channels, start, samples, delta);
    const total = mirror.length / channels;
    const { first, end } = binsOf(start, frames, total);
    const peaks = outline(mirror, channels, first, Math.max(first, end));
    sound({ type: 'patch', epoch, start, samples, add: delta }, [samples.buffer]);
    const seen: FromWorker = {
      type: 'slice',
      epoch,
      start,
      frames,
      tickMs,
      decodeMs,
      generations,
      bytes: bytes.byteLength,
      firstBin: first,
      peaks,
    };
    tell(seen, [peaks.buffer]);
    if (weighing) weigh(start, frames, false);
  } catch (error) {
    tell({ type: 'damaged', text: error instanceof Error ? error.message : String(error) });
  }
}

function stems(names: string[], words: Uint16Array<ArrayBuffer>[], stemChannels: number): void {
  const peaks = words.map((part) => {
    const samples = halvesToFloats(part);
    return outline(samples, stemChannels, 0, binCount(samples.length / stemChannels));
  });
  const buffers = words.map((part) => part.buffer);
  sound({ type: 'stems', epoch, names, words, channels: stemChannels }, buffers);
  tell(
    { type: 'stems', names, peaks },
    peaks.map((part) => part.buffer as ArrayBuffer),
  );
}
