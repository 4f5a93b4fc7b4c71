package io.millrace.console;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.List;
import java.util.stream.Stream;

/**
 * The processes behind addresses: a name that stands for several, such as a cluster's headless service, is each of them. Not by https, where a server's certificate is for its name and not for the addresses behind it.
 */
public final class Instances {

    private Instances() {}

    /** The addresses with such names replaced; one that cannot be looked up stays as it is, and whoever asks it hears why. */
    public static List<URI> of(List<URI> addresses) {
        return addresses.stream().flatMap(Instances::of).toList();
    }

    private static Stream<URI> of(URI address) {
        if ("https".equalsIgnoreCase(address.getScheme())) {
            return Stream.of(address);
        }
        try {
            var found = List.of(InetAddress.getAllByName(address.getHost()));
            var same = found.stream().filter(Inet4Address.class::isInstance).toList();
            var instances = same.isEmpty() ? found : same;
            // A process of this machine has a name for each family of addresses.
            return instances.size() == 1 || instances.getFirst().isLoopbackAddress() ? Stream.of(address) : instances.stream().map(i -> with(address, i)).sorted();
        } catch (UnknownHostException _) {
            return Stream.of(address);
        }
    }

    private static URI with(URI address, InetAddress instance) {
        var host = instance instanceof Inet4Address ? instance.getHostAddress() : "[" + instance.getHostAddress().replaceAll("%.*", "") + "]";
        return URI.create(address.getScheme() + "://" + host + (address.getPort() < 0 ? "" : ":" + address.getPort()));
    }
}
