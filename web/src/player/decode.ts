// Audio of the musician's own: files, the microphone, WAV out of what was heard.
import { type Pcm, SAMPLE_RATE, SAMPLES_PER_POOL } from '../wire/frames';

export const LONGEST_FILE_S = 600;
export const SHORTEST_FILE_S = 1;
export const LONGEST_CLIP_S = 240;
export const SHORTEST_CLIP_S = 3;
export const LONGEST_MICROPHONE_S = 60;

/** Any file that the browser can read, at 48 kHz in two channels. Throws Error with the remedy. */
export async function decodeAudio(content: ArrayBuffer, name: string): Promise<Pcm> {
  let audio: AudioBuffer;
  try {
    audio = await new OfflineAudioContext(2, 1, SAMPLE_RATE).decodeAudioData(content);
  } catch {
    throw new Error(`${name} is not audio that this browser can read. Try WAV, FLAC, MP3 or OGG.`);
  }
  if (audio.duration > LONGEST_FILE_S) {
    throw new Error(`${name} is longer than ${LONGEST_FILE_S / 60} minutes. Cut it first, then try again.`);
  }
  if (audio.duration < SHORTEST_FILE_S) {
    throw new Error(`${name} is shorter than a second. Choose something longer.`);
  }
  const left = audio.getChannelData(0);
  const right = audio.numberOfChannels > 1 ? audio.getChannelData(1) : left;
  return { channels: 2, samples: interleave(left, right) };
}

export function interleave(left: Float32Array, right: Float32Array): Float32Array {
  const samples = new Float32Array(left.length * 2);
  for (let i = 0; i < left.length; i++) {
    samples[i * 2] = left[i]!;
    samples[i * 2 + 1] = right[i]!;
  }
  return samples;
}

/** A part of it, in seconds, cut to what a server plays: a whole number of pools. */
export function cut(pcm: Pcm, fromS: number, toS: number): Pcm {
  const total = pcm.samples.length / pcm.channels;
  const from = Math.max(0, Math.round(fromS * SAMPLE_RATE));
  const frames = Math.min(total, Math.round(toS * SAMPLE_RATE)) - from;
  const pools = Math.max(1, Math.floor(frames / SAMPLES_PER_POOL));
  const end = Math.min(total, from + pools * SAMPLES_PER_POOL);
  return { channels: pcm.channels, samples: pcm.samples.slice(from * pcm.channels, end * pcm.channels) };
}

/** Header of a WAV file of 16-bit samples. */
export function wavHeader(frames: number, channels: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(44);
  const view = new DataView(bytes.buffer);
  const text = (at: number, word: string) => {
    for (let i = 0; i < word.length; i++) bytes[at + i] = word.charCodeAt(i);
  };
  const data = frames * channels * 2;
  text(0, 'RIFF');
  view.setUint32(4, 36 + data, true);
  text(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, SAMPLE_RATE, true);
  view.setUint32(28, SAMPLE_RATE * channels * 2, true);
  view.setUint16(32, channels * 2, true);
  view.setUint16(34, 16, true);
  text(36, 'data');
  view.setUint32(40, data, true);
  return bytes;
}

/** Rounded to nearest, cut at full scale. */
export function toInt16(samples: Float32Array): Int16Array<ArrayBuffer> {
  const whole = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    whole[i] = Math.max(-32768, Math.min(32767, Math.round((samples[i] || 0) * 32767)));
  }
  return whole;
}

export function wavBlob(pcm: Pcm): Blob {
  const frames = pcm.samples.length / pcm.channels;
  return new Blob([wavHeader(frames, pcm.channels), toInt16(pcm.samples)], { type: 'audio/wav' });
}
