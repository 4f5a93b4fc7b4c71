package io.millrace.pipeline.record;

import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The W3C trace context header {@code traceparent}, version 00.
 *
 * @param traceId 32 lower-case hex digits, not all zero
 * @param spanId 16 lower-case hex digits, not all zero
 * @param sampled whether the spans of this trace are recorded
 * @see <a href="https://www.w3.org/TR/trace-context/">Trace Context</a>
 */
public record TraceParent(String traceId, String spanId, boolean sampled) {

    private static final int LENGTH = 55;

    /** Reads a header; null where it is absent or malformed, which a reader must take as no context. */
    public static TraceParent parse(String header) {
        if (header == null || header.length() < LENGTH || header.charAt(2) != '-' || header.charAt(35) != '-' || header.charAt(52) != '-') {
            return null;
        }
        var version = header.substring(0, 2);
        if (!isHex(version) || version.equals("ff") || version.equals("00") && header.length() != LENGTH) {
            return null;
        }
        var traceId = header.substring(3, 35);
        var spanId = header.substring(36, 52);
        var flags = header.substring(53, 55);
        if (!isHex(traceId) || !isHex(spanId) || !isHex(flags) || isZero(traceId) || isZero(spanId)) {
            return null;
        }
        return new TraceParent(traceId, spanId, (Integer.parseInt(flags, 16) & 1) == 1);
    }

    /** A context of its own, for a change that came without one. */
    public static TraceParent start(boolean sampled) {
        var random = ThreadLocalRandom.current();
        var hex = HexFormat.of();
        return new TraceParent(hex.toHexDigits(random.nextLong()) + hex.toHexDigits(nonZero(random)), hex.toHexDigits(nonZero(random)), sampled);
    }

    private static long nonZero(ThreadLocalRandom random) {
        return random.nextLong(1, Long.MAX_VALUE);
    }

    private static boolean isHex(String text) {
        return text.chars().allMatch(c -> c >= '0' && c <= '9' || c >= 'a' && c <= 'f');
    }

    private static boolean isZero(String text) {
        return text.chars().allMatch(c -> c == '0');
    }

    /** The header's text. */
    @Override
    public String toString() {
        return "00-" + traceId + "-" + spanId + (sampled ? "-01" : "-00");
    }
}
