// Adds to every line of make_components.py what the reference library makes of its texts.
const fs = require("fs");
const { Tokenizer } = require(process.env.TOKENIZERS || "tokenizers");

(async () => {
  for (const line of fs.readFileSync(0, "utf8").split("\n")) {
    if (!line) continue;
    const entry = JSON.parse(line);
    const tokenizer = Tokenizer.fromString(JSON.stringify(entry.tokenizer));
    for (const c of entry.cases) {
      const encoding = await tokenizer.encode(c.text, c.pair === undefined ? null : c.pair);
      c.ids = encoding.getIds();
      c.offsets = encoding.getOffsets();
      c.special = encoding.getSpecialTokensMask();
      c.types = encoding.getTypeIds();
      // The reference does not know a special token again whose content the normalizer changes; attnviz leaves it out.
      if (!entry.name.endsWith("normalized_special")) c.decoded = await tokenizer.decode(c.ids, true);
    }
    console.log(JSON.stringify(entry));
  }
})();
