# Comments behind members become their documentation, of every member that the line declares.
s@([;,]) +// @\1  ///< @
s@^( *)([^()]*[>a-z_0-9]) ([a-z_]+)( = [^,;]+|\{\})?, ([a-z_][^()]*;)  ///< (.*)$@\1\2 \3\4;  ///< \6\n\1\2 \5  ///< \6@
P
D
