# Posts each body of its arguments on a connection of its own, written by hand, and prints what came as frames.
use strict;
use warnings;
use IO::Socket::INET;

my ($host, $port, @bodies) = @ARGV;
binmode STDOUT;
for my $body (@bodies) {
    my $socket = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 60) or die "no connection: $!";
    my $length = length $body;
    print $socket "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n",
        "content-length: $length\r\nconnection: close\r\n\r\n$body";
    my ($status) = <$socket> =~ m{^HTTP/1\.1 (\d+) } or die "no status";
    my %headers;
    while ((my $line = <$socket>) ne "\r\n") {
        my ($name, $value) = $line =~ /^([^:]+): *(.*)\r\n$/ or die "no header: $line";
        $headers{lc $name} = $value;
    }
    my $text = "";
    if (($headers{"transfer-encoding"} // "") eq "chunked") {
        while ((my $size = hex(<$socket> =~ s/\r\n//r)) > 0) {
            read($socket, my $chunk, $size) == $size or die "a chunk is cut";
            $text .= $chunk;
            <$socket>;
        }
    } else {
        read($socket, $text, $headers{"content-length"}) == $headers{"content-length"} or die "the body is cut";
    }
    print "$status $headers{'content-type'} ", length($text), "\n$text";
}
