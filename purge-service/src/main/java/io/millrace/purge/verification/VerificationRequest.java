package io.millrace.purge.verification;

import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

/**
 * What a caller wants.
 *
 * @param repair whether what differs is emitted anew; null for no
 * @param sample percent of the documents that are compared; null for all
 * @param rate documents a second that are read from the database at most; null for what the service is told
 */
public record VerificationRequest(Boolean repair,
        @DecimalMin(value = "0.01", message = "must be at least 0.01 (percent)") @DecimalMax(value = "100", message = "must be at most 100 (percent)") Double sample,
        @Min(value = 1, message = "must be at least 1 (documents a second)") @Max(value = 1_000_000, message = "must be at most 1,000,000 (documents a second)") Integer rate) {

    static final double ALL = 100;

    boolean repairs() {
        return Boolean.TRUE.equals(repair);
    }

    double percent() {
        return sample == null ? ALL : sample;
    }
}
