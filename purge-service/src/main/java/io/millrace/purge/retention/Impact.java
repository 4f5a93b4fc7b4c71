package io.millrace.purge.retention;

/**
 * What an order changes, in documents that rows call for.
 *
 * @param shown in view before it
 * @param leaving of these, those that leave
 * @param returning those that come back
 */
public record Impact(long shown, long leaving, long returning) {

    boolean isNothing() {
        return leaving == 0 && returning == 0;
    }

    /** @param hold the share of which more may leave at once only when a person confirms it; all of them never may */
    boolean isHeld(double hold) {
        return leaving > 0 && (leaving == shown || leaving > hold * shown);
    }
}
