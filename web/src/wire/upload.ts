// The upload channel: a socket of its own for one track, beside the session that plays.

import type { UploadFailed, UploadOk, UploadTrack } from '../wire.gen';
import { encodePcm, LARGEST_MESSAGE, type Pcm } from './frames';
import { sentence } from './reconnect';

export type UploadRequest = Omit<UploadTrack, 'type'>;

export interface UploadProgress {
  /** 0…1 of the bytes that have left. */
  sent: number;
  phase: 'sending' | 'analysing';
}

const POLL_MS = 100;

/** Rejects with an Error that says what to do. */
export function upload(
  url: string,
  request: UploadRequest,
  pcm: Pcm,
  progress: (now: UploadProgress) => void,
  signal?: AbortSignal,
): Promise<UploadOk> {
  return new Promise((resolve, reject) => {
    const frame = encodePcm(pcm);
    if (frame.byteLength > LARGEST_MESSAGE) {
      reject(new Error('The track is too long to upload. Trim it to 240 seconds or less.'));
      return;
    }
    const socket = new WebSocket(url);
    let timer = 0;
    let settled = false;
    const settle = (act: () => void) => {
      if (settled) return;
      settled = true;
      clearInterval(timer);
      socket.close(1000);
      act();
    };
    signal?.addEventListener('abort', () => settle(() => reject(new Error('The upload was cancelled.'))));
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: 'upload_track', ...request }));
      socket.send(frame);
      timer = window.setInterval(() => {
        const sent = 1 - Math.min(1, socket.bufferedAmount / frame.byteLength);
        progress({ sent, phase: sent < 1 ? 'sending' : 'analysing' });
      }, POLL_MS);
    };
    socket.onmessage = (event: MessageEvent<unknown>) => {
      if (typeof event.data !== 'string') return;
      const message = JSON.parse(event.data) as UploadOk | UploadFailed;
      if (message.type === 'upload_ok') settle(() => resolve(message));
      else if (message.type === 'upload_failed') settle(() => reject(new Error(message.error)));
    };
    socket.onclose = (event) => settle(() => reject(new Error(sentence(event))));
  });
}
