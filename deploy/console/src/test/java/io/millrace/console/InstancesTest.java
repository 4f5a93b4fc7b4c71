package io.millrace.console;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URI;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The build gives the JVM a hosts file of its own. */
class InstancesTest {

    @Test
    void aNameOfSeveralAddressesIsAllOfOneFamily() {
        assertEquals(uris("http://10.1.0.5:18102", "http://10.1.0.7:18102"), Instances.of(uris("http://gate-instances:18102")));
    }

    @Test
    void aProcessOfThisMachineIsOneAndWhatCannotBeLookedUpStays() {
        var given = uris("http://here:18102", "http://nobody-knows:18102", "http://10.1.0.9:18102");
        assertEquals(given, Instances.of(given));
    }

    @Test
    void aNameByHttpsStaysForItIsWhatTheCertificateIsFor() {
        var given = uris("https://gate-instances:18102", "HTTPS://gate-instances:18102");
        assertEquals(given, Instances.of(given));
    }

    private static List<URI> uris(String... addresses) {
        return List.of(addresses).stream().map(URI::create).toList();
    }
}
