package io.millrace.console.live;

/**
 * Something that happened.
 *
 * @param at milliseconds since the epoch
 * @param text what, to be read beside a curve
 */
public record Mark(long at, String text) {}
