/** CRC-32 as in zlib, PNG and gzip (polynomial 0xEDB88320, reflected, initial value and final XOR 0xFFFFFFFF). */
export { crc32 } from "node:zlib";
