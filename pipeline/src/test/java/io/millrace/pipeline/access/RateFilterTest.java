package io.millrace.pipeline.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import org.junit.jupiter.api.Test;

class RateFilterTest {

    @Test
    void aMachineHasOneBucketForAllAddressesOfItsNetwork() {
        assertEquals(RateFilter.caller("2001:db8:1:2::1"), RateFilter.caller("2001:db8:1:2:ffff:0:0:7"));
        assertEquals(RateFilter.caller("fe80:0:0:0:1:2:3:4"), RateFilter.caller("fe80:0:0:0:5:6:7:8%no-such-interface"));
        assertNotEquals(RateFilter.caller("2001:db8:1:2::1"), RateFilter.caller("2001:db8:1:3::1"));
    }

    @Test
    void anAddressOfIpv4IsItselfInEitherSpelling() {
        assertNotEquals(RateFilter.caller("10.1.0.5"), RateFilter.caller("10.1.0.7"));
        assertEquals(RateFilter.caller("10.1.0.5"), RateFilter.caller("::ffff:10.1.0.5"));
    }
}
