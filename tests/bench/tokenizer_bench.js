// The reference's side of tokenizer_bench.cpp, on one thread: npm install tokenizers, then
//
//   RAYON_NUM_THREADS=1 TOKENIZERS_PARALLELISM=false node tokenizer_bench.js <text file> <tokenizer.json>...
const fs = require("fs");
const { Tokenizer } = require("tokenizers");

async function bestOf(rounds, work) {
  let best = Infinity;
  for (let i = 0; i < rounds; ++i) {
    const begin = process.hrtime.bigint();
    await work();
    best = Math.min(best, Number(process.hrtime.bigint() - begin) / 1e9);
  }
  return best;
}

(async () => {
  const text = fs.readFileSync(process.argv[2], "utf8");
  const megabytes = Buffer.byteLength(text) / 1e6;
  const lines = text.split("\n");
  for (const path of process.argv.slice(3)) {
    const json = fs.readFileSync(path, "utf8");
    let tokenizer;
    let tokens = 0;
    const load = await bestOf(3, async () => (tokenizer = Tokenizer.fromString(json)));
    const whole = await bestOf(3, async () => (tokens = (await tokenizer.encode(text, null)).getLength()));
    const byLine = await bestOf(3, async () => {
      for (const line of lines) await tokenizer.encode(line, null);
    });
    console.log(
      `${path.padEnd(50)} load ${load.toFixed(3)} s   ${tokens} tokens   whole ${(megabytes / whole).toFixed(2)} MB/s   ` +
        `by line ${(megabytes / byLine).toFixed(2)} MB/s`,
    );
  }
})();
