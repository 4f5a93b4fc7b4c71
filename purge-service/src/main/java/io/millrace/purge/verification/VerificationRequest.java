package io.millrace.purge.verification;

import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.DecimalMin;

/**
 * What a caller wants.
 *
 * @param repair whether what differs is emitted anew; null for no
 * @param sample percent of the documents that are compared; null for all
 */
public record VerificationRequest(Boolean repair,
        @DecimalMin(value = "0.01", message = "must be at least 0.01 (percent)") @DecimalMax(value = "100", message = "must be at most 100 (percent)") Double sample) {

    static final double ALL = 100;

    boolean repairs() {
        return Boolean.TRUE.equals(repair);
    }

    double percent() {
        return sample == null ? ALL : sample;
    }
}
