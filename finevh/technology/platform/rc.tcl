# Evaluates a platform's setRC.tcl in a safe interpreter and prints what it sets: one Tcl list per line.
# Arguments: the file, then names and values of environment variables that it may read.
set file [lindex $argv 0]
set slave [interp create -safe]
interp eval $slave { namespace eval ord { } }
foreach { name value } [lrange $argv 1 end] {
  interp eval $slave [list set ::env($name) $value]
}
proc note { command args } {
  puts [concat $command $args]
}
interp alias $slave set_layer_rc {} note set_layer_rc
interp alias $slave set_wire_rc {} note set_wire_rc
# Whatever else the file calls belongs to OpenROAD; an empty answer lets its loops pass.
interp eval $slave { proc unknown { args } { return {} } }
interp limit $slave commands -value 1000000
# A loop with an empty body runs no commands.
interp limit $slave time -seconds [expr { [clock seconds] + 5 }]
if { [catch { interp invokehidden $slave -global source $file } message] } {
  puts stderr $message
  exit 1
}
