/* Channels that are computed at a time; all of them are read before one is written, so that an output may lie
 * over its input: channels go upwards in a walk forwards, downwards in one backwards. */
#define K_LANES 16
