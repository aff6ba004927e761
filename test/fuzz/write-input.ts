/** Writes one of the fuzzer's inputs, as its seed and number say: SEED NUMBER FILE. */
import { writeFileSync } from "node:fs";
import { madeByHand } from "./hand-made.js";
import { makeInput, seedsOf } from "./inputs.js";

const [seed = "1", number = "0", file = "input.mtape"] = process.argv.slice(2);
const { bytes, ...about } = makeInput(seedsOf(madeByHand()), Number(seed), Number(number));
writeFileSync(file, bytes);
console.log(JSON.stringify(about));
