// Takes a clip from the microphone; the music stops meanwhile, or it would be in the clip.
import type { App } from '../app';
import { decodeAudio, LONGEST_MICROPHONE_S } from '../player/decode';
import { Recorder } from '../player/recorder';
import { clockText } from '../text';
import { openDialog } from '../ui/dialog';
import { h } from '../ui/dom';
import { toast } from '../ui/toast';
import type { Pcm } from '../wire/frames';

export async function recordMicrophone(app: App, taken: (pcm: Pcm) => void): Promise<void> {
  const graph = await app.player.open();
  let stream: MediaStream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false },
    });
  } catch {
    toast(
      'The browser gave no microphone. Allow it for this page in the address bar, then try again.',
      'error',
    );
    return;
  }
  const wasPlaying = app.player.playing.get();
  app.player.play(false);
  const source = graph.context.createMediaStreamSource(stream);
  let finished = false;
  const clock = h('p', { class: 'big-clock', role: 'timer' }, '0:00');
  const done = h('button', { type: 'button', class: 'primary', 'data-action': 'mic-done' }, 'Use this');
  const finish = async (use: boolean) => {
    if (finished) return;
    finished = true;
    clearInterval(timer);
    const take = await recorder.stop();
    for (const track of stream.getTracks()) track.stop();
    dialog.close();
    if (wasPlaying) app.player.play(true);
    if (!use) return;
    try {
      taken(await decodeAudio(await take.wav.arrayBuffer(), 'The clip from the microphone'));
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), 'error');
    }
  };
  const recorder = new Recorder(source, LONGEST_MICROPHONE_S, () => void finish(true));
  const timer = setInterval(() => {
    clock.textContent = `${clockText(recorder.seconds)} of ${clockText(LONGEST_MICROPHONE_S)}`;
  }, 200);
  done.onclick = () => void finish(true);
  const dialog = openDialog('Recording from the microphone', [clock], [done], () => void finish(false));
}
