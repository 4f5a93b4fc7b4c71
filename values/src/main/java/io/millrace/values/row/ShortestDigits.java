package io.millrace.values.row;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;

/**
 * The fewest decimal digits that lead back to a binary floating-point number, as Postgres chooses them.
 *
 * <p>Java also takes a decimal that lies exactly halfway to the neighbouring number, trusting the reader to round to even;
 * Postgres does not, and writes one digit more. Halfway points have few enough digits to matter only among large numbers.
 * And Java writes two digits where one leads back as well, which is so among the smallest numbers.
 *
 * @see <a href="https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-FLOAT">floating-point types</a>
 */
final class ShortestDigits {

    private static final double HALVES_MATTER = 0x1p50;
    private static final float FLOAT_HALVES_MATTER = 0x1p20f;
    private static final BigDecimal TWO = BigDecimal.valueOf(2);

    private ShortestDigits() {}

    /** In the notation of {@link Double#toString(double)}. */
    static String of(double value) {
        var java = Double.toString(value);
        double magnitude = Math.abs(value);
        if (magnitude > 0 && magnitude < Double.MIN_NORMAL) {
            return one(java, new BigDecimal(value), new BigDecimal(Math.nextDown(value)), new BigDecimal(Math.nextUp(value)));
        }
        if (magnitude < HALVES_MATTER || !(magnitude < Double.MAX_VALUE)) {
            return java;
        }
        return inside(java, new BigDecimal(value), new BigDecimal(Math.nextDown(value)), new BigDecimal(Math.nextUp(value)), 17);
    }

    /** The same for a float. */
    static String of(float value) {
        var java = Float.toString(value);
        float magnitude = Math.abs(value);
        if (magnitude > 0 && magnitude < Float.MIN_NORMAL) {
            return one(java, new BigDecimal(value), new BigDecimal(Math.nextDown(value)), new BigDecimal(Math.nextUp(value)));
        }
        if (magnitude < FLOAT_HALVES_MATTER || !(magnitude < Float.MAX_VALUE)) {
            return java;
        }
        return inside(java, new BigDecimal(value), new BigDecimal(Math.nextDown(value)), new BigDecimal(Math.nextUp(value)), 9);
    }

    /** With one digit where that leads back. */
    private static String one(String java, BigDecimal exact, BigDecimal down, BigDecimal up) {
        var one = exact.round(new MathContext(1, RoundingMode.HALF_EVEN));
        return isBetween(exact, down, up, one) ? notation(one) : java;
    }

    private static boolean isBetween(BigDecimal exact, BigDecimal down, BigDecimal up, BigDecimal decimal) {
        return exact.add(down).divide(TWO).compareTo(decimal) < 0 && decimal.compareTo(exact.add(up).divide(TWO)) < 0;
    }

    /** @param most as many digits as always lead back to the number */
    private static String inside(String java, BigDecimal exact, BigDecimal down, BigDecimal up, int most) {
        var shortest = new BigDecimal(java);
        if (isBetween(exact, down, up, shortest)) {
            return java;
        }
        for (int digits = shortest.stripTrailingZeros().precision() + 1; digits < most; digits++) {
            var longer = exact.round(new MathContext(digits, RoundingMode.HALF_EVEN));
            if (isBetween(exact, down, up, longer)) {
                return notation(longer);
            }
        }
        return notation(exact.round(new MathContext(most, RoundingMode.HALF_EVEN)));
    }

    private static String notation(BigDecimal number) {
        var digits = number.unscaledValue().abs().toString();
        return (number.signum() < 0 ? "-" : "") + digits.charAt(0) + "." + (digits.length() > 1 ? digits.substring(1) : "0") + "E" + (digits.length() - 1 - number.scale());
    }
}
