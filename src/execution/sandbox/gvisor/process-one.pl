# Process 1 of a gVisor sandbox. It starts what runs, tells of each end, and passes connections on: what the sandbox's own
# network has at $ADDRESS goes to sockets of the host, which gVisor reaches as files. Perl without modules, for it is small,
# quick to start and on every Debian.
#
# It is root, with no more rights than to start processes as the sandbox's user, to give them what they write to, and to kill
# them: they can neither kill it nor look into it.
#
# It hears lines at descriptor 0 and tells lines at descriptor 2; words in them are percent-encoded. Descriptor 1 is where
# the runtime writes. (gVisor saves these three in a snapshot by their numbers, and no other descriptor of the host.)
use strict;
use warnings;

my ($ADDRESS, $DIRECTORY, $USER) = @ARGV;
# Port inside => socket of the host, and whether what is asked there is asked again after a restore.
my %SERVED = (9001 => ["$DIRECTORY/runtime-api.sock", 1], 4566 => ["$DIRECTORY/region.sock", 0]);
my $DRIVER_SOCKET = "$DIRECTORY/driver.sock";
my $RUNTIME = "r";
my $CHUNK = 65536;
# A request that waits has no body: what is longer is no such request.
my $MOST_ASKED_AGAIN = 16384;
my ($AF_UNIX, $AF_INET, $SOCK_STREAM, $SOL_SOCKET, $SO_REUSEADDR, $SO_ERROR) = (1, 2, 1, 1, 2, 4);
my ($F_SETFL, $O_RDWR, $O_NONBLOCK, $WNOHANG) = (4, 2, 2048, 1);
my ($ENOENT, $EINTR, $EAGAIN, $ECONNREFUSED, $EINPROGRESS) = (2, 4, 11, 111, 115);

# All by file descriptor. A wire is two ends: what is read from one is `waiting` until the other takes it.
my (%handle, %other, %waiting, %is_ended);
# Ends inside that outlive a snapshot: which socket of the host they are joined with, and what is said there first. For
# clients of the Runtime API that is what they asked and have no answer to, or undefined when it was too much to keep.
my (%host_of, %opening, %is_asking);
# Ends on their way to a port inside => number of the host's wish.
my %dialling;
my %listeners;
# Process => how the host calls it.
my %name_of;
my ($runtime, $has_extensions, $extension_output, $is_held, $heard, $has_news) = (0, 0, undef, 0, "", 0);

sub address { pack("S n C4 x8", $AF_INET, $_[1], split(/\./, $_[0])) }

sub decoded { my ($word) = @_; $word =~ s/%(..)/chr(hex($1))/ge; $word }

sub report { my $line = "@_\n"; syswrite(STDERR, $line) }

sub unblocked { my ($socket) = @_; fcntl($socket, $F_SETFL, $O_RDWR | $O_NONBLOCK); $socket }

sub listen_at {
  my ($port) = @_;
  socket(my $socket, $AF_INET, $SOCK_STREAM, 0) or die "socket: $!";
  setsockopt($socket, $SOL_SOCKET, $SO_REUSEADDR, pack("i", 1));
  bind($socket, address($ADDRESS, $port)) or die "bind $port: $!";
  listen($socket, 128) or die "listen: $!";
  $listeners{ fileno(unblocked($socket)) } = [ $socket, @{ $SERVED{$port} } ];
}

sub host_socket {
  my ($path) = @_;
  socket(my $socket, $AF_UNIX, $SOCK_STREAM, 0) or return undef;
  connect($socket, pack("S a108", $AF_UNIX, $path)) or return undef;
  return unblocked($socket);
}

sub wire {
  my ($one, $two) = @_;
  my ($a, $b) = (fileno($one), fileno($two));
  ($handle{$a}, $handle{$b}, $other{$a}, $other{$b}) = ($one, $two, $b, $a);
  $waiting{$_} //= "" for $a, $b;
}

sub forget {
  # A copy: what is given may be values of the tables from which it goes.
  my @ends = @_;
  for my $end (@ends) {
    delete $_->{$end} for (\%other, \%waiting, \%is_ended, \%host_of, \%opening, \%is_asking, \%dialling);
    my $socket = delete $handle{$end};
    close($socket) if $socket;
  }
}

sub cut { my ($end) = @_; forget(grep { defined } $end, $other{$end}) }

sub accept_from {
  my ($listener, $path, $is_asked_again) = @_;
  accept(my $inside, $listener) or return;
  my $outside = host_socket($path) or return;
  wire(unblocked($inside), $outside);
  my $end = fileno($inside);
  ($host_of{$end}, $opening{$end}, $is_asking{$end}) = ($path, "", 1) if $is_asked_again;
}

# The host wants to talk to a port inside.
sub dial {
  my ($id, $port) = @_;
  socket(my $inside, $AF_INET, $SOCK_STREAM, 0) or return dialled($id, $! + 0);
  my $is_connected = connect(unblocked($inside), address("127.0.0.1", $port));
  return dialled($id, 0, $inside) if $is_connected;
  return dialled($id, $! + 0) if $! != $EINPROGRESS;
  my $end = fileno($inside);
  ($handle{$end}, $dialling{$end}) = ($inside, $id);
}

sub dialled {
  my ($id, $error, $inside) = @_;
  return report("refused", $id) if $error;
  my $outside = host_socket($DRIVER_SOCKET) or return report("refused", $id);
  syswrite($outside, "$id\n");
  wire($inside, $outside);
}

sub finish_dialling {
  my ($end) = @_;
  my ($inside, $id) = ($handle{$end}, $dialling{$end});
  my $error = unpack("i", getsockopt($inside, $SOL_SOCKET, $SO_ERROR) || pack("i", $ECONNREFUSED));
  delete $_->{$end} for (\%handle, \%dialling);
  dialled($id, $error, $inside);
}

sub take {
  my ($end) = @_;
  my $count = sysread($handle{$end}, my $bytes, $CHUNK);
  return cut($end) if !defined($count) && $! != $EAGAIN && $! != $EINTR;
  return if !defined($count);
  my $to = $other{$end};
  if ($count == 0) {
    $is_ended{$end} = 1;
    return pass($end);
  }
  # Whoever is answered asks anew.
  $opening{$to} = "" if $is_asking{$to};
  if ($is_asking{$end} && defined $opening{$end}) {
    $opening{$end} .= $bytes;
    $opening{$end} = undef if length($opening{$end}) > $MOST_ASKED_AGAIN;
  }
  $waiting{$end} .= $bytes;
  pass($end);
}

# Give what was read from an end to the other.
sub pass {
  my ($end) = @_;
  my $to = $other{$end};
  return if !defined $to;
  if (length $waiting{$end}) {
    my $count = syswrite($handle{$to}, $waiting{$end});
    return cut($end) if !defined($count) && $! != $EAGAIN && $! != $EINTR;
    substr($waiting{$end}, 0, $count // 0) = "";
    return if length $waiting{$end};
  }
  return if !$is_ended{$end};
  return cut($end) if $is_ended{$to};
  shutdown($handle{$to}, 1);
}

sub start {
  my ($name, $directory, $count, @rest) = map { decoded($_) } @_;
  my @command = splice(@rest, 0, $count);
  prepare_extension_output() if $name ne $RUNTIME && !$extension_output;
  my $process = fork();
  return report("ended", $name, 126) if !defined $process;
  if ($process) {
    $name_of{$process} = $name;
    $runtime = $process if $name eq $RUNTIME;
    $has_extensions = 1 if $name ne $RUNTIME;
    return;
  }
  $SIG{$_} = "DEFAULT" for "PIPE", "CHLD";
  open(STDIN, "<", "/dev/null");
  open(STDOUT, ">&", $extension_output) if $name ne $RUNTIME;
  open(STDERR, ">&", \*STDOUT);
  become_user();
  %ENV = map { split(/=/, $_, 2) } @rest;
  chdir($directory) or exit_child("$directory: $!", 127);
  { no warnings; exec { $command[0] } @command }
  exit_child("$command[0]: $!", $! == $ENOENT ? 127 : 126);
}

sub become_user {
  $) = "$USER $USER";
  $( = $USER;
  ($<, $>) = ($USER, $USER);
  exit_child("no user $USER: $!", 126) if grep { $_ != $USER } $<, $>, $( + 0, $) + 0;
}

sub exit_child { my ($why, $status) = @_; syswrite(STDERR, "$why\n"); exit($status) }

# What extensions write goes to the host by a wire of its own.
sub prepare_extension_output {
  pipe(my $out, $extension_output) or return;
  chown($USER, $USER, $extension_output);
  my $outside = host_socket($DRIVER_SOCKET) or return;
  syswrite($outside, "output\n");
  wire(unblocked($out), $outside);
  my $end = fileno($out);
  ($host_of{$end}, $opening{$end}) = ($DRIVER_SOCKET, "output\n");
}

sub reap {
  $has_news = 0;
  while ((my $process = waitpid(-1, $WNOHANG)) > 0) {
    my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    my $name = delete $name_of{$process};
    next if !defined $name;
    report("ended", $name, $status);
    next if $name ne $RUNTIME;
    $runtime = 0;
    # When process 1 ends, all that is left inside does.
    exit(0) if !$has_extensions;
  }
}

# Before a snapshot: no connection to the host can be saved. Those inside can, and are joined anew by resume().
sub hold {
  $is_held = 1;
  for my $end (keys %dialling) { forget($end) }
  for my $end (keys %other) {
    # Of each wire once, from the side of the host.
    next if !exists $other{$end} || exists $host_of{$end};
    my $inside = $other{$end};
    cut($end), next if !defined $opening{$inside} || length $waiting{$end};
    delete $other{$inside};
    $waiting{$inside} = "" if $is_asking{$inside};
    forget($end);
  }
  report("held");
}

sub resume {
  $is_held = 0;
  for my $end (keys %host_of) {
    my $outside = host_socket($host_of{$end});
    cut($end), next if !$outside;
    wire($handle{$end}, $outside);
    $waiting{$end} = $opening{$end} . ($is_asking{$end} ? "" : $waiting{$end});
    pass($end);
  }
}

my %HEARD = (
  start => \&start,
  dial => \&dial,
  term => sub { kill("TERM", $runtime) if $runtime },
  kill => sub { kill("KILL", $runtime) if $runtime },
  hold => \&hold,
  resume => \&resume,
);

sub hear {
  my $count = sysread(STDIN, $heard, $CHUNK, length $heard);
  # Nobody will tell us anything any more.
  exit(0) if defined($count) && $count == 0;
  while ($heard =~ s/^(.*)\n//) {
    my ($word, @rest) = split(/ /, $1, -1);
    $HEARD{$word}->(@rest);
  }
}

sub wait_for_something {
  my ($read, $write) = ("", "");
  vec($read, 0, 1) = 1;
  if (!$is_held) {
    vec($read, $_, 1) = 1 for keys %listeners;
    vec($write, $_, 1) = 1 for keys %dialling;
    for my $end (keys %other) {
      vec($read, $end, 1) = 1 if !$is_ended{$end} && length($waiting{$end}) < $CHUNK;
      vec($write, $other{$end}, 1) = 1 if length $waiting{$end};
    }
  }
  # An end wakes what waits. For one that comes in the moment between looking and waiting there is a limit.
  my $count = select($read, $write, undef, $has_news ? 0 : $runtime || $has_extensions ? 0.1 : undef);
  return ("", "") if $count <= 0;
  return ($read, $write);
}

$SIG{PIPE} = "IGNORE";
# Programs that open /dev/stdout or /dev/stderr by path need to own what is there.
chown($USER, $USER, \*STDOUT);
$SIG{CHLD} = sub { $has_news = 1 };
listen_at($_) for keys %SERVED;
while (1) {
  my ($read, $write) = wait_for_something();
  reap();
  hear() if vec($read, 0, 1);
  for my $listener (keys %listeners) { accept_from(@{ $listeners{$listener} }) if vec($read, $listener, 1) }
  for my $end (keys %dialling) { finish_dialling($end) if vec($write, $end, 1) }
  for my $end (keys %handle) {
    take($end) if exists $other{$end} && vec($read, $end, 1);
    pass($other{$end}) if exists $other{$end} && vec($write, $end, 1);
  }
}
