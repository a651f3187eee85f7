// Writes a LoRA for a model, so that there is a style to put on: `node style.mjs CONFIG.JSON FILE`.
// PEFT's names, fp32, two ranks on the first query projection; loud enough to be heard.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const [config, file] = process.argv.slice(2);
const { hidden_size: width, num_attention_heads: heads, head_dim: size } = JSON.parse(readFileSync(config, 'utf8'));
const RANK = 2;
const stem = 'base_model.model.layers.0.self_attn.q_proj';

/** The same numbers each time, between -1 and 1. */
let state = 1;
const next = () => {
  state = (state * 48271) % 2147483647;
  return (2 * state) / 2147483647 - 1;
};

const header = { __metadata__: { trigger_word: 'tiny style' } };
const values = new Float32Array((width + heads * size) * RANK).map(next);
const bytes = 4 * width * RANK;
header[`${stem}.lora_A.weight`] = { dtype: 'F32', shape: [RANK, width], data_offsets: [0, bytes] };
header[`${stem}.lora_B.weight`] = { dtype: 'F32', shape: [heads * size, RANK], data_offsets: [bytes, 4 * values.length] };
const text = Buffer.from(JSON.stringify(header));
const length = Buffer.alloc(8);
length.writeBigUInt64LE(BigInt(text.length));
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, Buffer.concat([length, text, Buffer.from(values.buffer)]));
